-- Of each mission the journal that last had something new: what the clone knew that wrote it.
SELECT missions.id, missions.name, missions.path, newest.source, newest.host, newest.last_event,
    newest.copied, newest.journals
FROM missions LEFT JOIN LATERAL (
    SELECT source, host, last_event, copied, count(*) FILTER (WHERE last_event > 0) OVER () AS journals
    FROM projections WHERE mission_id = missions.id AND copied IS NOT NULL
    ORDER BY updated_at DESC, source LIMIT 1
) AS newest ON true
WHERE %(among)s::text[] IS NULL OR missions.id = ANY(%(among)s::text[])
ORDER BY newest.copied DESC NULLS LAST, missions.name, missions.id
LIMIT %(limit)s
