SELECT id, mission_id, key, title, description, status, milestone, agent, branch, issue, depends_on,
    estimate_tokens, spent_tokens, notes, updated_at
FROM tasks WHERE mission_id = %(id)s ORDER BY position, key, id
LIMIT %(limit)s OFFSET %(offset)s
