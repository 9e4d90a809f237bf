-- The journal of one mission, schema version 3 (PRAGMA user_version).
-- Times are UTC, ISO 8601 with microseconds: they sort as text.

CREATE TABLE IF NOT EXISTS runs (
    id          INTEGER PRIMARY KEY,
    mission     TEXT NOT NULL,
    host        TEXT NOT NULL,
    pid         INTEGER NOT NULL,
    pid_started REAL NOT NULL,   -- tells a process from a later one with the same number
    engine_run  TEXT,            -- the engine's own name of the run
    started     TEXT NOT NULL,
    ended       TEXT,
    outcome     TEXT
);

CREATE INDEX IF NOT EXISTS runs_open ON runs (id) WHERE ended IS NULL;

CREATE TABLE IF NOT EXISTS attempts (
    id            INTEGER PRIMARY KEY,
    run           INTEGER NOT NULL REFERENCES runs (id),
    task          TEXT NOT NULL,
    number        INTEGER NOT NULL, -- from 1 within the task
    agent         TEXT NOT NULL,
    branch        TEXT,
    base_commit   TEXT,
    worktree      TEXT,
    log           TEXT,
    step          TEXT NOT NULL, -- a mission.steps.Step
    said          TEXT,          -- the agent's word, a mission.outcome.Outcome
    "end"         TEXT,          -- a mission.steps.End; NULL while it has not ended
    approved      INTEGER NOT NULL DEFAULT 0,
    taken_up      INTEGER NOT NULL DEFAULT 0,
    head          TEXT,
    squash        TEXT,
    merge_base    TEXT,
    started       TEXT NOT NULL,
    ended         TEXT,
    reason        TEXT NOT NULL DEFAULT '',
    summary       TEXT NOT NULL DEFAULT '',
    input_tokens  INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0,
    cost_usd      REAL,
    session       TEXT,
    exit_code     INTEGER,
    route         TEXT NOT NULL DEFAULT '',
    stands_in     TEXT,          -- the agent that this one stands in for
    pid           INTEGER,
    pid_started   REAL,
    UNIQUE (task, number)
);

CREATE INDEX IF NOT EXISTS attempts_open ON attempts (id) WHERE step <> 'ended';
CREATE INDEX IF NOT EXISTS attempts_of_run ON attempts (run);

CREATE TABLE IF NOT EXISTS events (
    id      INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    kind    TEXT NOT NULL,
    run     INTEGER REFERENCES runs (id),
    task    TEXT,
    attempt INTEGER REFERENCES attempts (id),
    data    TEXT NOT NULL -- a JSON object
);

CREATE INDEX IF NOT EXISTS events_of_task ON events (task, id) WHERE task IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_of_kind ON events (kind, id);
CREATE INDEX IF NOT EXISTS events_of_attempt ON events (attempt, id) WHERE attempt IS NOT NULL;

CREATE TABLE IF NOT EXISTS requests (
    id        INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL,
    task      TEXT NOT NULL,
    status    TEXT,          -- for `set`: the status that is asked for
    note      TEXT,
    by        TEXT NOT NULL, -- who asked
    submitted TEXT NOT NULL,
    finished  TEXT,          -- NULL: not yet applied
    error     TEXT           -- why it was refused; NULL when it was applied
);

CREATE INDEX IF NOT EXISTS requests_pending ON requests (id) WHERE finished IS NULL;
