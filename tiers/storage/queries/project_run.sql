INSERT INTO runs AS old (source, number, mission_id, record)
VALUES (%(source)s, %(number)s, %(mission_id)s, %(record)s)
ON CONFLICT (source, number) DO UPDATE SET record = excluded.record
WHERE old.record IS DISTINCT FROM excluded.record
