-- Whoever looks at pages is told of something new by this.
UPDATE projections SET host = %(host)s, copied = clock_timestamp() WHERE source = %(source)s
