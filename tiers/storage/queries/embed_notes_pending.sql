SELECT id, coalesce(title || E'\n', '') || body FROM notes
WHERE embedding IS NULL ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
