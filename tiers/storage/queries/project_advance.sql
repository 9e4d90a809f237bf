UPDATE projections SET last_event = %(last_event)s, updated_at = now() WHERE source = %(source)s
