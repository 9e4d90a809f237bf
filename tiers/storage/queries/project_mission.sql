INSERT INTO missions AS old (id, name, path) VALUES (%(id)s, %(name)s, %(path)s)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, path = excluded.path, updated_at = now()
WHERE (old.name, old.path) IS DISTINCT FROM (excluded.name, excluded.path)
