INSERT INTO task_files AS old (mission_id, name, body, dialect)
VALUES (%(mission_id)s, %(name)s, %(body)s, %(dialect)s)
ON CONFLICT (mission_id) DO UPDATE
SET name = excluded.name, body = excluded.body, dialect = excluded.dialect
WHERE (old.name, old.body, old.dialect)
    IS DISTINCT FROM (excluded.name, excluded.body, excluded.dialect)
