WITH asked AS (SELECT websearch_to_tsquery('simple', %(text)s) AS words),
found AS (
    SELECT 'task' AS kind, id, mission_id, title,
        coalesce(description, '') AS body,
        ts_rank(to_tsvector('simple', title || ' ' || coalesce(description, '')), words) AS score
    FROM tasks, asked
    WHERE to_tsvector('simple', title || ' ' || coalesce(description, '')) @@ words
        AND (%(among)s::text[] IS NULL OR mission_id = ANY(%(among)s::text[]))
    UNION ALL
    SELECT 'note', id, mission_id, title, body,
        ts_rank(to_tsvector('simple', coalesce(title, '') || ' ' || body), words)
    FROM notes, asked
    WHERE to_tsvector('simple', coalesce(title, '') || ' ' || body) @@ words
        AND (%(among)s::text[] IS NULL OR mission_id = ANY(%(among)s::text[]))
)
SELECT kind, id, mission_id, title, left(body, 300) AS excerpt, score::float8
FROM found ORDER BY score DESC, kind, id LIMIT %(limit)s
