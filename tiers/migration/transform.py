"""SQL that makes a value of one of our types out of a column of the source.

It runs in the source, in a session in UTC, so that what leaves it is as the target wants it.
"""

from __future__ import annotations

from psycopg import sql

_WHOLE = ("smallint", "integer", "bigint")
_FRACTIONS = ("numeric", "real", "double precision")
_TEXTS = ("text", "character varying", "character", "citext", "enum", "uuid")
_NAIVE = "timestamp without time zone"

# A single value is a list of one.
_JSON_LIST = (
    "CASE WHEN jsonb_typeof({0}::jsonb) = 'array'"
    " THEN ARRAY(SELECT jsonb_array_elements_text({0}::jsonb))"
    " WHEN jsonb_typeof({0}::jsonb) <> 'null' THEN ARRAY[{0} #>> '{{}}'] END"
)
# JSON, an array as Postgres writes it, or words between commas.
_TEXT_LIST = (
    "CASE WHEN starts_with(btrim({0}), '[')"
    " THEN ARRAY(SELECT jsonb_array_elements_text({0}::jsonb))"
    " WHEN starts_with(btrim({0}), '{{') THEN btrim({0})::text[]"
    " WHEN btrim({0}) = '' THEN ARRAY[]::text[]"
    r" ELSE regexp_split_to_array(btrim({0}), '\s*,\s*') END"
)

# (ours, theirs) -> expression; {} is the column
EXPRESSIONS: dict[tuple[str, str], str] = {
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
    **{("boolean", theirs): "{}::text::boolean" for theirs in _TEXTS if theirs != "uuid"},
    **{
        (ours, theirs): f"{{}}::{ours}"
        for ours in ("integer", "bigint")
        for theirs in (*_WHOLE, "text", "character varying")
    },
    # A number with a fraction is refused, not rounded.
    **{
        (ours, theirs): f"trim_scale({{}}::numeric)::text::{ours}"
        for ours in ("integer", "bigint")
        for theirs in _FRACTIONS
    },
    ("jsonb", "jsonb"): "{}",
    **{("jsonb", theirs): "{}::jsonb" for theirs in ("json", "text", "character varying")},
    ("text[]", "text[]"): "{}",
    ("text[]", "character varying[]"): "{}::text[]",
    ("text[]", "uuid[]"): "{}::text[]",
    **{("text[]", theirs): _JSON_LIST for theirs in ("json", "jsonb")},
    **{("text[]", theirs): _TEXT_LIST for theirs in ("text", "character varying")},
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
    template = EXPRESSIONS.get((ours, theirs))
    if template is None:
        return None
    name = sql.Identifier(column)
    return sql.SQL(template).format(name)
