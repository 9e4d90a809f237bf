INSERT INTO mission_events AS old (
    id, mission_id, source, number, at, kind, run, task, attempt, data
)
VALUES (
    %(id)s, %(mission_id)s, %(source)s, %(number)s, %(at)s, %(kind)s, %(run)s, %(task)s,
    %(attempt)s, %(data)s
)
ON CONFLICT (id) DO UPDATE SET run = excluded.run WHERE old.run IS DISTINCT FROM excluded.run
