SELECT record FROM attempts WHERE source = %(source)s AND record IS NOT NULL ORDER BY task, number
