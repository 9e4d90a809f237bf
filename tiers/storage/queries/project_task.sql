INSERT INTO tasks AS old (
    id, mission_id, key, title, status, milestone, position, agent, branch, issue, depends_on,
    estimate_tokens, notes
)
VALUES (
    %(id)s, %(mission_id)s, %(key)s, %(title)s, %(status)s, %(milestone)s, %(position)s, %(agent)s,
    %(branch)s, %(issue)s, %(depends_on)s, %(estimate_tokens)s, %(notes)s
)
ON CONFLICT (id) DO UPDATE SET
    title = excluded.title, status = excluded.status, milestone = excluded.milestone,
    position = excluded.position, agent = excluded.agent, branch = excluded.branch,
    issue = excluded.issue, depends_on = excluded.depends_on,
    estimate_tokens = excluded.estimate_tokens, notes = excluded.notes, updated_at = now()
WHERE (
    old.title, old.status, old.milestone, old.position, old.agent, old.branch, old.issue,
    old.depends_on, old.estimate_tokens, old.notes
) IS DISTINCT FROM (
    excluded.title, excluded.status, excluded.milestone, excluded.position, excluded.agent,
    excluded.branch, excluded.issue, excluded.depends_on, excluded.estimate_tokens, excluded.notes
)
