-- A foreign key's `conindid` is the index of the table that it refers to.
SELECT c.conname, pg_get_constraintdef(c.oid)
FROM pg_constraint AS c
JOIN pg_index AS i ON i.indexrelid = c.conindid JOIN pg_class AS x ON x.oid = i.indexrelid
WHERE c.conrelid = %(table)s::regclass AND c.conparentid = 0 AND c.convalidated
    AND obj_description(c.oid, 'pg_constraint') IS NULL
    AND (
        c.contype = 'f'
        OR c.contype IN ('p', 'u')
        AND i.indisvalid AND NOT i.indisclustered AND NOT i.indisreplident
        AND x.reltablespace = 0 AND x.reloptions IS NULL
        AND obj_description(x.oid, 'pg_class') IS NULL
    )
    AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.deptype = 'n' AND (
            d.refclassid = 'pg_constraint'::regclass AND d.refobjid = c.oid
            OR c.contype <> 'f' AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.conindid
        )
    )
ORDER BY c.contype = 'f', c.conname
