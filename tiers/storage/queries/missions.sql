SELECT missions.id, missions.name, missions.path, missions.team_id,
    coalesce(counted.counts, '{}') AS counts,
    greatest(missions.updated_at, counted.latest) AS updated_at
FROM missions LEFT JOIN (
    SELECT mission_id, jsonb_object_agg(status, number) AS counts, max(latest) AS latest
    FROM (
        SELECT mission_id, coalesce(status, 'unknown') AS status, count(*) AS number,
            max(updated_at) AS latest
        FROM tasks WHERE %(among)s::text[] IS NULL OR mission_id = ANY(%(among)s::text[])
        GROUP BY 1, 2
    ) AS by_status GROUP BY mission_id
) AS counted ON counted.mission_id = missions.id
WHERE %(among)s::text[] IS NULL OR missions.id = ANY(%(among)s::text[])
ORDER BY missions.name, missions.id
LIMIT %(limit)s OFFSET %(offset)s
