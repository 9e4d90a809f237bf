SELECT number, at, kind, attempt, data FROM (
    SELECT number, at, kind, attempt, data, id FROM mission_events
    WHERE mission_id = %(mission_id)s AND task = %(key)s ORDER BY at DESC, number DESC LIMIT 100
) AS latest ORDER BY at, number
