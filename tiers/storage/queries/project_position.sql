-- Whoever holds this row projects; the others wait, and then go on behind it.
SELECT last_event FROM projections WHERE source = %(source)s FOR UPDATE
