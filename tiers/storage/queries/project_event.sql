INSERT INTO mission_events (id, mission_id, source, number, at, kind, task, attempt, data)
VALUES (
    %(id)s, %(mission_id)s, %(source)s, %(number)s, %(at)s, %(kind)s, %(task)s, %(attempt)s,
    %(data)s
)
ON CONFLICT (id) DO NOTHING
