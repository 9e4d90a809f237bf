"""Values of every type that a source may have, as they are there and as they arrive."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.command import run
from tests.integration.tiers.storage.configured import configured
from tests.services import fresh_database
from tiers.migration.transform import EXPRESSIONS, expression
from tiers.servers.postgres import PostgresServer
from tiers.settings.address import PostgresAddress

UUID = "6f1c1d2e-0000-4000-8000-00000000abcd"
VECTOR = [round(0.001 * n - 0.1, 6) for n in range(384)]
_MILLION = ("1000000", "-7", "0")
_NUMBERS: list[tuple[str, str | None]] = [(n, str(int(n))) for n in _MILLION]

# (ours, theirs) -> what stands there, what arrives. `None` arrives as NULL for all of them.
SAMPLES: dict[tuple[str, str], list[tuple[str, str | None]]] = {
    ("text", "text"): [
        (s, s) for s in ("", " ", "Üß 漢字 \U0001f600", "a\\b\tc\nd\r\\.", "\\N", "NULL")
    ],
    ("text", "character varying"): [(" keeps spaces ", " keeps spaces ")],
    ("text", "character"): [("x", "x")],
    ("text", "citext"): [],  # an extension; the same expression as for text
    ("text", "enum"): [("not-started", "not-started"), ("done", "done")],
    ("text", "uuid"): [(UUID.upper(), UUID)],
    ("text", "smallint"): [("-32768", "-32768")],
    ("text", "integer"): [("2147483647", "2147483647")],
    ("text", "bigint"): [("9223372036854775807", "9223372036854775807")],
    ("text", "numeric"): [("12345678901234567890.50", "12345678901234567890.50")],
    ("text", "boolean"): [("t", "true"), ("f", "false")],
    **{
        ("text", kind): [
            ('"plain"', "plain"),
            ('{"a": [1, "b"]}', '{"a": [1, "b"]}'),
            ("null", None),
        ]
        for kind in ("json", "jsonb")
    },
    ("timestamptz", "timestamp with time zone"): [
        ("2026-07-01 12:00:00.000001+02", "2026-07-01 10:00:00.000001+00"),
        ("infinity", "infinity"),
        ("0044-03-15 12:00:00+00 BC", "0044-03-15 12:00:00+00 BC"),
    ],
    ("timestamptz", "timestamp without time zone"): [
        ("2026-03-29 02:30:00", "2026-03-29 02:30:00+00")  # an hour that Europe skips
    ],
    ("timestamptz", "date"): [("2026-12-31", "2026-12-31 00:00:00+00")],
    **{
        ("timestamptz", kind): [
            ("2026-01-01T00:00:00Z", "2026-01-01 00:00:00+00"),
            ("2026-01-01T00:00:00.123+05:30", "2025-12-31 18:30:00.123+00"),
            ("2026-01-01 00:00:00", "2026-01-01 00:00:00+00"),
        ]
        for kind in ("text", "character varying")
    },
    ("timestamptz", "smallint"): [("0", "1970-01-01 00:00:00+00")],
    ("timestamptz", "integer"): [("1767225600", "2026-01-01 00:00:00+00")],
    **{
        ("timestamptz", kind): [
            ("1767225600", "2026-01-01 00:00:00+00"),
            ("1767225600123", "2026-01-01 00:00:00.123+00"),
        ]
        for kind in ("bigint", "numeric", "double precision")
    },
    ("timestamptz", "real"): [("0", "1970-01-01 00:00:00+00")],
    ("boolean", "boolean"): [("t", "true"), ("f", "false")],
    **{
        ("boolean", kind): [("0", "false"), ("1", "true")]
        for kind in ("smallint", "integer", "bigint")
    },
    **{
        ("boolean", kind): [("true", "true"), ("no", "false"), ("1", "true")]
        for kind in ("text", "character varying")
    },
    ("boolean", "character"): [("t", "true"), ("0", "false")],
    ("boolean", "citext"): [],
    ("boolean", "enum"): [],  # one whose words are those of a boolean
    **{
        (ours, theirs): _NUMBERS
        for ours in ("integer", "bigint")
        for theirs in ("integer", "bigint", "text", "character varying")
    },
    **{(ours, "smallint"): [("-7", "-7")] for ours in ("integer", "bigint")},
    **{
        (ours, theirs): [*_NUMBERS, ("42.00", "42")]
        for ours in ("integer", "bigint")
        for theirs in ("numeric", "real", "double precision")
    },
    **{
        ("jsonb", kind): [('{"b": 1, "a": [null, "x\\ny"]}', '{"a": [null, "x\\ny"], "b": 1}')]
        for kind in ("jsonb", "json", "text", "character varying")
    },
    ("text[]", "text[]"): [('{a,"b,c",NULL}', '{a,"b,c",NULL}'), ("{}", "{}")],
    ("text[]", "character varying[]"): [('{a,"b,c"}', '{a,"b,c"}')],
    ("text[]", "uuid[]"): [(f"{{{UUID}}}", f"{{{UUID}}}")],
    **{
        ("text[]", kind): [
            ('["A-1", "b,c"]', '{A-1,"b,c"}'),
            ("[]", "{}"),
            ("null", None),
            ('"A-1"', "{A-1}"),  # a single value is not lost
        ]
        for kind in ("json", "jsonb")
    },
    **{
        ("text[]", kind): [
            ("A-1, A-2,A-3", "{A-1,A-2,A-3}"),
            ("A-1", "{A-1}"),
            ("", "{}"),
            ('["A-1", "b,c"]', '{A-1,"b,c"}'),
            ('{A-1,"b,c"}', '{A-1,"b,c"}'),
        ]
        for kind in ("text", "character varying")
    },
    ("vector", "vector"): [],  # needs pgvector in the source: `test_migrate_everything`
    **{
        ("vector", kind): [("{0.5,-1,1e-07}", "[0.5,-1,1e-07]")]
        for kind in ("real[]", "double precision[]", "numeric[]")
    },
    **{
        ("vector", kind): [("[0.5, -1, 1e-7]", "[0.5,-1,1e-07]")]
        for kind in ("json", "jsonb", "text")
    },
}


def test_every_way_has_a_sample() -> None:
    assert SAMPLES.keys() == EXPRESSIONS.keys()


@pytest.mark.parametrize(("ours", "theirs"), [pair for pair, samples in SAMPLES.items() if samples])
def test_a_value_arrives(plain_server: PostgresServer, ours: str, theirs: str) -> None:
    """What leaves the source, read by the type that the target has."""
    value = expression("given", theirs, ours)
    assert value is not None
    arriving = "text" if ours == "vector" else ours
    kind = {"enum": "state", "character": "character(1)"}.get(theirs, theirs)
    query = sql.SQL("SELECT ({})::{}::text FROM (VALUES (%s::{})) AS v (given)")
    query_of_kind = query.format(value, sql.SQL(arriving), sql.SQL(kind))
    with psycopg.connect(**plain_server.address.connect_arguments()) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE TYPE state AS ENUM ('not-started', 'done')")
        for given, expected in (*SAMPLES[ours, theirs], (None, None)):
            row = connection.execute(query_of_kind, (given,)).fetchone()
            assert row == (expected,), given
        connection.rollback()


SOURCE = """
CREATE TABLE missions (id text PRIMARY KEY, name text);
CREATE TABLE tasks (id int PRIMARY KEY, title text, position {}, embedding real[]);
INSERT INTO tasks VALUES (1, 'One', {}, {});
"""


@pytest.mark.parametrize(
    ("kind", "position", "embedding", "said"),
    [
        ("numeric", "1.5", "NULL", "invalid input syntax for type integer"),
        ("text", "'HUSH \"quoted\" HUSH'", "NULL", "invalid input syntax for type integer"),
        ("text", "'99999999999'", "NULL", "out of range for type integer"),
        ("int", "1", "ARRAY[1, 2, 3]", "expected 384 dimensions, not 3"),
        ("int", "1", "array_fill(NULL::real, ARRAY[384])", "cannot become ours"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_not_shown(
    capsys: pytest.CaptureFixture[str],
    plain_database: PostgresAddress,
    vector_database: PostgresAddress,
    tmp_path: Path,
    kind: str,
    position: str,
    embedding: str,
    said: str,
) -> None:
    with psycopg.connect(**plain_database.connect_arguments()) as connection:
        connection.execute(SOURCE.format(kind, position, embedding))
    source = configured(tmp_path / "from.json", "standalone", plain_database)
    target = configured(tmp_path / "to.json", "federated", vector_database)
    command = ("tier", "migrate", "--from", source, "--to", target, "--yes")
    error = run(capsys, *command, code=1)
    assert "A value of the source's table tasks cannot become ours" in error
    assert said in error
    assert "HUSH" not in error
    assert "99999999999" not in error
    leave = ("--leave", "tasks.position", "--leave", "tasks.embedding")
    report = json.loads(run(capsys, *command, *leave, "--json"))
    assert {t["table"]: t["written"] for t in report["tables"]} == {"missions": 0, "tasks": 1}


def test_a_source_in_another_encoding(
    capsys: pytest.CaptureFixture[str],
    plain_server: PostgresServer,
    vector_database: PostgresAddress,
    tmp_path: Path,
) -> None:
    create = """CREATE DATABASE {} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"""
    with fresh_database(plain_server) as address:
        name = sql.Identifier(address.database)
        with psycopg.connect(
            **plain_server.address.connect_arguments(), autocommit=True
        ) as connection:
            connection.execute(sql.SQL("DROP DATABASE {}").format(name))
            connection.execute(sql.SQL(create).format(name))
        with psycopg.connect(**address.connect_arguments()) as connection:
            connection.execute("CREATE TABLE users (id int, name text)")
            connection.execute("INSERT INTO users VALUES (1, 'Jürgen Weiß')")
        source = configured(tmp_path / "from.json", "standalone", address)
        target = configured(tmp_path / "to.json", "federated", vector_database)
        run(capsys, "tier", "migrate", "--from", source, "--to", target, "--yes")
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        assert connection.execute("SELECT name FROM users").fetchone() == ("Jürgen Weiß",)
