-- Each half uses its index; a common ORDER BY would use none.
SELECT kind, id, mission_id, title, left(body, 300) AS excerpt, 1 - distance AS score,
    (SELECT name FROM embedder) AS embedder
FROM (
    (
        SELECT 'task' AS kind, id, mission_id, title, coalesce(description, '') AS body,
            embedding <=> %(vector)s::vector AS distance
        FROM tasks WHERE embedding IS NOT NULL
            AND (%(among)s::text[] IS NULL OR mission_id = ANY(%(among)s::text[]))
        ORDER BY embedding <=> %(vector)s::vector
        LIMIT %(limit)s
    )
    UNION ALL
    (
        SELECT 'note', id, mission_id, title, body, embedding <=> %(vector)s::vector
        FROM notes WHERE embedding IS NOT NULL
            AND (%(among)s::text[] IS NULL OR mission_id = ANY(%(among)s::text[]))
        ORDER BY embedding <=> %(vector)s::vector
        LIMIT %(limit)s
    )
) AS near
ORDER BY distance, kind, id LIMIT %(limit)s
