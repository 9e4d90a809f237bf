-- From the attempts of every journal: several orchestrators may have worked on the mission. Journals
-- hold attempts that they heard of from other clones, too, under numbers of their own: when it began
-- says which one it is. What was heard may be old, so the most that any of them knows counts.
UPDATE tasks SET spent_tokens = spent.tokens
FROM (
    SELECT task, sum(tokens)::bigint AS tokens
    FROM (
        SELECT task, started, max(input_tokens + output_tokens) AS tokens
        FROM attempts WHERE mission_id = %(mission_id)s GROUP BY task, started
    ) AS each_once
    GROUP BY task
) AS spent
WHERE tasks.mission_id = %(mission_id)s AND tasks.key = spent.task
    AND tasks.spent_tokens IS DISTINCT FROM spent.tokens
