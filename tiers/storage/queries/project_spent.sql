-- From the attempts of every journal: several orchestrators may have worked on the mission.
UPDATE tasks SET spent_tokens = spent.tokens
FROM (
    SELECT task, sum(input_tokens + output_tokens)::bigint AS tokens
    FROM attempts WHERE mission_id = %(mission_id)s GROUP BY task
) AS spent
WHERE tasks.mission_id = %(mission_id)s AND tasks.key = spent.task
    AND tasks.spent_tokens IS DISTINCT FROM spent.tokens
