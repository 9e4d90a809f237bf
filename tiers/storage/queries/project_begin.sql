INSERT INTO projections (source, mission_id) VALUES (%(source)s, %(mission_id)s)
ON CONFLICT (source) DO NOTHING
