SELECT record FROM runs WHERE source = %(source)s ORDER BY number
