"""SQL that makes a value of one of our types out of a column of the source.

It runs in the source, in a session in UTC, so that what leaves it is as the target wants it.
"""

from __future__ import annotations

from psycopg import sql

_WHOLE = ("smallint", "integer", "bigint")
_FRACTIONS = ("numeric", "real", "double precision")
_TEXTS = ("text", "character varying", "character", "citext", "enum", "uuid")
_NAIVE = "timestamp without time zone"

# (ours, theirs) -> expression; {} is the column
_EXPRESSIONS: dict[tuple[str, str], str] = {
    **{("text", theirs): "{}::text" for theirs in (*_TEXTS, *_WHOLE, "numeric", "boolean")},
    ("text", "json"): "{} #>> '{{}}'",
    ("text", "jsonb"): "{} #>> '{{}}'",
    ("timestamptz", "timestamp with time zone"): "{}",
    # A time without a zone is one in UTC: what drivers of every language write there.
    ("timestamptz", _NAIVE): "{} AT TIME ZONE 'UTC'",
    ("timestamptz", "date"): "{}::timestamp AT TIME ZONE 'UTC'",
    ("timestamptz", "text"): "{}::timestamptz",
    ("timestamptz", "character varying"): "{}::timestamptz",
    # Milliseconds, as JavaScript counts, unless that would be within three years of 1970.
    **{
        ("timestamptz", theirs): (
            "to_timestamp(CASE WHEN abs({0}) < 100000000000 THEN {0} ELSE {0} / 1000.0 END)"
        )
        for theirs in (*_WHOLE, *_FRACTIONS)
    },
    ("boolean", "boolean"): "{}",
    **{("boolean", theirs): "{} <> 0" for theirs in _WHOLE},
    **{("boolean", theirs): "{}::text::boolean" for theirs in _TEXTS},
    **{
        (ours, theirs): f"{{}}::{ours}"
        for ours in ("integer", "bigint", "float8")
        for theirs in (*_WHOLE, *_FRACTIONS, "text", "character varying")
    },
    ("jsonb", "jsonb"): "{}",
    **{("jsonb", theirs): "{}::jsonb" for theirs in ("json", "text", "character varying")},
    ("text[]", "text[]"): "{}",
    ("text[]", "character varying[]"): "{}::text[]",
    ("text[]", "uuid[]"): "{}::text[]",
    **{
        ("text[]", theirs): (
            "CASE WHEN jsonb_typeof({0}::jsonb) = 'array'"
            " THEN ARRAY(SELECT jsonb_array_elements_text({0}::jsonb)) END"
        )
        for theirs in ("json", "jsonb")
    },
    ("text[]", "text"): "string_to_array({}, ',')",
    ("text[]", "character varying"): "string_to_array({}, ',')",
    # A vector travels as its text: the source need not know the type.
    ("vector", "vector"): "{}::text",
    **{
        ("vector", theirs): "'[' || array_to_string({}::real[], ',') || ']'"
        for theirs in ("real[]", "double precision[]", "numeric[]")
    },
    **{
        ("vector", theirs): (
            "'[' || array_to_string(translate({}::text, '[] ', '{{}}')::real[], ',') || ']'"
        )
        for theirs in ("json", "jsonb", "text")
    },
}


def expression(column: str, theirs: str, ours: str) -> sql.Composable | None:
    """The column `column` of type `theirs` as a value of our type; None if there is no way."""
    template = _EXPRESSIONS.get((ours, theirs))
    if template is None:
        return None
    name = sql.Identifier(column)
    return sql.SQL(template).format(name)
