SELECT number, agent, stage, outcome, reason, started, ended, input_tokens, output_tokens, cost_usd
FROM (
    SELECT number, agent, stage, outcome, reason, started, ended, input_tokens, output_tokens,
        cost_usd
    FROM attempts WHERE mission_id = %(mission_id)s AND task = %(key)s
    ORDER BY started DESC, number DESC LIMIT 100
) AS latest ORDER BY started, number
