SELECT x.oid::regclass::text, pg_get_indexdef(x.oid)
FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
WHERE i.indrelid = %(table)s::regclass
    AND i.indisvalid AND NOT i.indisclustered AND NOT i.indisreplident
    AND x.reltablespace = 0 AND x.reloptions IS NULL AND obj_description(x.oid, 'pg_class') IS NULL
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = x.oid)
ORDER BY x.relname
