"""Storages to take over: what an older gateway, written in camelCase, left behind."""

from __future__ import annotations

import psycopg

from tiers.settings.address import PostgresAddress

SCHEMA = """
CREATE TYPE "taskState" AS ENUM ('not-started', 'done');
CREATE TABLE "users" (
    "id" uuid PRIMARY KEY, "name" varchar(80) NOT NULL, "email" text, "emailVerified" boolean,
    "passwordHash" text, "createdAt" timestamp, "updatedAt" timestamp
);
CREATE TABLE "sessions" ("id" text PRIMARY KEY, "userId" uuid, "token" text);
CREATE TABLE "teams" ("id" uuid PRIMARY KEY, "name" text, "ownerId" uuid, "createdAt" timestamptz);
CREATE TABLE "teamMembers" (
    "teamId" uuid, "userId" uuid, "role" text, "joinedAt" bigint, PRIMARY KEY ("teamId", "userId")
);
CREATE TABLE "missions" ("id" uuid PRIMARY KEY, "name" text, "teamId" uuid, "createdAt" timestamp);
CREATE TABLE "tasks" (
    "id" uuid PRIMARY KEY, "missionId" uuid, "key" text, "title" text, "description" text,
    "status" "taskState", "dependsOn" jsonb, "estimateTokens" integer, "createdAt" timestamp
);
CREATE TABLE "notes" (
    "id" integer PRIMARY KEY, "missionId" uuid, "userId" uuid, "body" text, "embedding" real[],
    "createdAt" timestamp
);
CREATE TABLE "missionEvents" (
    "id" bigint PRIMARY KEY, "missionId" uuid, "kind" text, "at" timestamptz, "data" json
);
CREATE TABLE "apiTokens" ("id" text, "secret" text);
"""
ROWS = r"""
INSERT INTO "users" SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid,
    'Üser ' || n || E' \\ "quoted"\ttab', 'user' || n || '@example.org', n % 2 = 0,
    'HUSH-hash-' || n, '2026-01-02 03:04:05.678901', NULL FROM generate_series(1, 5) AS n;
INSERT INTO "sessions" VALUES ('s', '00000000-0000-0000-0000-000000000001', 'HUSH-token');
INSERT INTO "apiTokens" VALUES ('a', 'HUSH-secret');
INSERT INTO "teams" VALUES ('10000000-0000-0000-0000-000000000001', 'One',
    '00000000-0000-0000-0000-000000000001', '2026-01-01 00:00:00+02');
INSERT INTO "teamMembers" SELECT '10000000-0000-0000-0000-000000000001', "id", 'member',
    1767225600123 FROM "users";
INSERT INTO "missions" VALUES ('20000000-0000-0000-0000-000000000001', 'Federation v1',
    '10000000-0000-0000-0000-000000000001', '2026-01-01');
INSERT INTO "tasks" SELECT ('30000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid,
    '20000000-0000-0000-0000-000000000001', 'FED-M1-' || n, 'Task ' || n, NULL, 'done',
    '["FED-M1-01", "a,b"]', 4000, '2026-01-01' FROM generate_series(1, 12) AS n;
"""
EVENTS = r"""
INSERT INTO "missionEvents" SELECT n, '20000000-0000-0000-0000-000000000001', 'note', '2026-01-01Z',
    json_build_object('n', n, 'text', E'line\nbreak') FROM generate_series(1, %s) AS n
"""
NOTES = r"""
INSERT INTO "notes" SELECT n, '20000000-0000-0000-0000-000000000001',
    '00000000-0000-0000-0000-000000000001',
    CASE n %% 4 WHEN 0 THEN E'back\\slash \\N \\.\n' ELSE 'note ' || n || ' ' || md5(n::text) END,
    CASE WHEN n %% 3 = 0 AND n <= 300 THEN
        (SELECT array_agg((n + i)::real / 7) FROM generate_series(1, 384) AS i) END,
    '2026-01-01'::timestamp + n * interval '1 second'
FROM generate_series(1, %s) AS n
"""


def fill_camel_case(address: PostgresAddress, *, notes: int = 50, events: int = 7) -> None:
    """Make the older gateway's database."""
    with psycopg.connect(**address.connect_arguments(), autocommit=True) as connection:
        for statement in (SCHEMA + ROWS).split(";\n"):
            if statement.strip():
                connection.execute(statement)
        connection.execute(NOTES, (notes,))
        connection.execute(EVENTS, (events,))
