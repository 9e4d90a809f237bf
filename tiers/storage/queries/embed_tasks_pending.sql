SELECT id, title || E'\n' || coalesce(description, '') FROM tasks
WHERE embedding IS NULL ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
