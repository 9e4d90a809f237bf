-- An attempt's number may change: one that began earlier may be heard of from another clone.
INSERT INTO attempts AS old (
    source, mission_id, task, number, agent, stage, outcome, reason, started, ended, input_tokens,
    output_tokens, cost_usd, record
)
VALUES (
    %(source)s, %(mission_id)s, %(task)s, %(number)s, %(agent)s, %(stage)s, %(outcome)s,
    %(reason)s, %(started)s, %(ended)s, %(input_tokens)s, %(output_tokens)s, %(cost_usd)s,
    %(record)s
)
ON CONFLICT (source, task, number) DO UPDATE SET
    agent = excluded.agent, started = excluded.started, stage = excluded.stage,
    outcome = excluded.outcome, reason = excluded.reason,
    ended = excluded.ended, input_tokens = excluded.input_tokens,
    output_tokens = excluded.output_tokens, cost_usd = excluded.cost_usd,
    record = excluded.record
WHERE (
    old.agent, old.started, old.stage, old.outcome, old.reason, old.ended, old.input_tokens,
    old.output_tokens, old.cost_usd, old.record
) IS DISTINCT FROM (
    excluded.agent, excluded.started, excluded.stage, excluded.outcome, excluded.reason,
    excluded.ended, excluded.input_tokens, excluded.output_tokens, excluded.cost_usd, excluded.record
)
