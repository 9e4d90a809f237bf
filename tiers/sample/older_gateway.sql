-- One statement a paragraph. Small, and with what has gone wrong before: camelCase names, keys that
-- are UUIDs and numbers, enumerations, JSON lists, milliseconds, NULLs, quotes, tabs, backslashes and
-- line breaks, and secrets, which must stay behind.

CREATE TYPE "taskState" AS ENUM ('not-started', 'in-progress', 'done');

CREATE TABLE "users" (
    "id" uuid PRIMARY KEY, "name" varchar(80) NOT NULL, "email" text, "emailVerified" boolean,
    "passwordHash" text, "createdAt" timestamp, "updatedAt" timestamp
);

CREATE TABLE "sessions" ("id" text PRIMARY KEY, "userId" uuid, "token" text);

CREATE TABLE "teams" (
    "id" uuid PRIMARY KEY, "name" text NOT NULL, "slug" text, "ownerId" uuid, "createdAt" timestamptz
);

CREATE TABLE "teamMembers" (
    "teamId" uuid, "userId" uuid, "role" text, "joinedAt" bigint, PRIMARY KEY ("teamId", "userId")
);

CREATE TABLE "missions" ("id" uuid PRIMARY KEY, "name" text NOT NULL, "teamId" uuid, "createdAt" timestamp);

CREATE TABLE "tasks" (
    "id" uuid PRIMARY KEY, "missionId" uuid, "key" text, "title" text NOT NULL, "description" text,
    "status" "taskState", "dependsOn" jsonb, "estimateTokens" integer, "createdAt" timestamp
);

CREATE TABLE "notes" (
    "id" integer PRIMARY KEY, "missionId" uuid, "taskId" uuid, "userId" uuid, "body" text NOT NULL,
    "createdAt" timestamp
);

INSERT INTO "users" SELECT
    ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
    'Üser ' || n || E' \\ "quoted"\ttab', 'user' || n || '@example.org',
    CASE WHEN n % 3 > 0 THEN n % 2 = 0 END, 'sample-hash-' || n,
    '2026-01-02 03:04:05.678901'::timestamp + n * interval '1 hour', NULL
FROM generate_series(1, 40) AS n;

INSERT INTO "sessions" SELECT 's' || n,
    ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'sample-token-' || n
FROM generate_series(1, 40) AS n;

INSERT INTO "teams" SELECT
    ('10000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Team ' || n, 'team-' || n,
    ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, '2026-01-01 00:00:00+02'
FROM generate_series(1, 6) AS n;

INSERT INTO "teamMembers" SELECT
    ('10000000-0000-4000-8000-' || lpad((1 + n % 6)::text, 12, '0'))::uuid,
    ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
    CASE n % 4 WHEN 0 THEN 'owner' ELSE 'member' END, 1767225600123 + n
FROM generate_series(1, 40) AS n;

INSERT INTO "missions" SELECT
    ('20000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Mission ' || n,
    ('10000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, '2026-01-03'
FROM generate_series(1, 3) AS n;

INSERT INTO "tasks" SELECT
    ('30000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
    ('20000000-0000-4000-8000-' || lpad((1 + n % 3)::text, 12, '0'))::uuid,
    'ROW-' || n, 'Task ' || n, CASE WHEN n % 5 > 0 THEN E'Line one\nline two of ' || n END,
    (CASE n % 3 WHEN 0 THEN 'done' WHEN 1 THEN 'in-progress' ELSE 'not-started' END)::"taskState",
    CASE WHEN n > 3 THEN jsonb_build_array('ROW-' || n - 3, 'a,b "c" {d}') ELSE '[]' END,
    1000 * n, '2026-01-04'::timestamp + n * interval '1 minute'
FROM generate_series(1, 120) AS n;

INSERT INTO "notes" SELECT
    n, ('20000000-0000-4000-8000-' || lpad((1 + n % 3)::text, 12, '0'))::uuid,
    CASE WHEN n <= 120 THEN ('30000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid END,
    ('00000000-0000-4000-8000-' || lpad((1 + n % 40)::text, 12, '0'))::uuid,
    CASE n % 4 WHEN 0 THEN E'back\\slash \\N \\.\n' || n ELSE 'Note ' || n || ': 東京 🚀 a fact' END,
    '2026-01-05'::timestamp + n * interval '1 second'
FROM generate_series(1, 400) AS n;
