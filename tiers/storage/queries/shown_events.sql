SELECT number, at, kind, run, task, attempt, data FROM mission_events
WHERE source = %(source)s AND number > %(after)s ORDER BY number LIMIT %(limit)s
