"""Storages with many notes: our own schema, and an older gateway's with the same indexes."""

from __future__ import annotations

from bench.servers import connect
from tiers.settings.address import PostgresAddress
from tiers.storage.schema import upgrade

# Texts of thirty words out of five thousand, the first ones more often, as in any language. Each is
# two halves of a pool, which takes a fraction of the time that it takes to draw a million texts.
_POOL = """
SELECT setseed(0.5);
CREATE TEMPORARY TABLE pool AS
SELECT n, (SELECT string_agg('w' || floor(5000 * power(random(), 3))::int, ' ')
    FROM generate_series(1, 15) WHERE n IS NOT NULL) AS half
FROM generate_series(0, 9999) AS n;
CREATE INDEX ON pool (n);
ANALYZE pool;
"""
_BODY = "a.half || ' ' || b.half"
_TEXTS = "JOIN pool a ON a.n = s.n %% 10000 JOIN pool b ON b.n = (s.n + s.n / 10000) %% 10000"

_OUR_ROWS = """
INSERT INTO users (id, name) SELECT gen_random_uuid(), 'user ' || n FROM generate_series(1, 20) n;
INSERT INTO missions (id, name) SELECT n, 'mission ' || n FROM generate_series(1, 10) n;
INSERT INTO tasks (id, mission_id, key, title)
    SELECT n, n % 10 + 1, 'T-' || n, 'task ' || n FROM generate_series(1, 1000) n;
"""
_OUR_NOTES = """
INSERT INTO notes (id, mission_id, task_id, user_id, title, body, created_at)
SELECT gen_random_uuid(), s.n %% 10 + 1, s.n %% 1000 + 1, (SELECT min(id) FROM users),
    'note ' || s.n %% 1000, {body}, '2026-01-01'::timestamptz + s.n * interval '1 second'
FROM generate_series(1, %s) AS s (n) {texts}
"""
_OUR_TEXT_INDEX = """
CREATE INDEX notes_text ON notes
    USING gin (to_tsvector('simple', coalesce(title, '') || ' ' || body))
"""

_CAMEL_CASE = """
CREATE TABLE "users" (
    "id" uuid PRIMARY KEY, "name" varchar(80) NOT NULL, "email" text UNIQUE,
    "emailVerified" boolean, "createdAt" timestamp, "updatedAt" timestamp
);
CREATE TABLE "missions" (
    "id" bigint PRIMARY KEY, "name" text NOT NULL, "description" text, "status" text,
    "userId" uuid REFERENCES "users", "createdAt" timestamp, "updatedAt" timestamp
);
CREATE INDEX ON "missions" ("userId");
CREATE TABLE "tasks" (
    "id" bigint PRIMARY KEY, "missionId" bigint REFERENCES "missions", "key" text,
    "title" text NOT NULL, "description" text, "dependsOn" jsonb, "createdAt" timestamp,
    UNIQUE ("missionId", "key")
);
CREATE TABLE "notes" (
    "id" uuid PRIMARY KEY, "missionId" bigint, "taskId" bigint, "userId" uuid, "title" text,
    "body" text NOT NULL, "createdAt" timestamp, "updatedAt" timestamp, "embedding" real[]
);
INSERT INTO "users" ("id", "name")
    SELECT gen_random_uuid(), 'user ' || n FROM generate_series(1, 20) n;
INSERT INTO "missions" ("id", "name") SELECT n, 'mission ' || n FROM generate_series(1, 10) n;
INSERT INTO "tasks" ("id", "missionId", "key", "title", "dependsOn")
    SELECT n, n % 10 + 1, 'T-' || n, 'task ' || n, '["T-1", "T-2"]'
    FROM generate_series(1, 1000) n;
"""
_CAMEL_CASE_NOTES = """
INSERT INTO "notes"
SELECT gen_random_uuid(), s.n %% 10 + 1, s.n %% 1000 + 1,
    (SELECT min("id"::text)::uuid FROM "users"), 'note ' || s.n %% 1000, {body},
    '2026-01-01'::timestamp + s.n * interval '1 second'
FROM generate_series(1, %s) AS s (n) {texts}
"""
_CAMEL_CASE_INDEXES = """
CREATE INDEX ON "notes" ("missionId");
CREATE INDEX ON "notes" ("taskId");
CREATE INDEX ON "notes" ("userId");
CREATE INDEX ON "notes" USING gin (to_tsvector('simple', coalesce("title", '') || ' ' || "body"));
ALTER TABLE "notes" ADD FOREIGN KEY ("missionId") REFERENCES "missions",
    ADD FOREIGN KEY ("taskId") REFERENCES "tasks", ADD FOREIGN KEY ("userId") REFERENCES "users";
"""


def fill_ours(address: PostgresAddress, notes: int) -> None:
    """What a standalone tier of ours holds: nothing has to be transformed."""
    upgrade(address, vector=False)
    _run(address, ("DROP INDEX notes_text", _OUR_ROWS), _OUR_NOTES, notes, _OUR_TEXT_INDEX)


def fill_camel_case(address: PostgresAddress, notes: int) -> None:
    """What an older gateway left: other names, other types of keys, times and lists."""
    _run(address, (_CAMEL_CASE,), _CAMEL_CASE_NOTES, notes, _CAMEL_CASE_INDEXES)


def _run(
    address: PostgresAddress, before: tuple[str, ...], notes: str, count: int, after: str
) -> None:
    """Indexes come last: they are made in a fraction of the time then."""
    with connect(address) as connection:
        connection.execute("SET synchronous_commit = off")
        for statements in (_POOL, *before):
            connection.execute(statements)
        connection.execute(notes.format(body=_BODY, texts=_TEXTS), (count,))
        connection.execute(after)
        connection.execute("VACUUM ANALYZE")
