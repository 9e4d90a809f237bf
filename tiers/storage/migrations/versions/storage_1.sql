-- The storage of a team's gateway. Keys are text: they come from several makers of identifiers.
-- Times may be unknown in what is taken over from elsewhere, so they may be NULL.

CREATE TABLE users (
    id             text PRIMARY KEY,
    name           text NOT NULL,
    email          text UNIQUE,
    email_verified boolean,
    image          text,
    role           text,
    created_at     timestamptz DEFAULT now(),
    updated_at     timestamptz DEFAULT now()
);

CREATE TABLE teams (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    slug       text UNIQUE,
    owner_id   text REFERENCES users (id),
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);

CREATE INDEX teams_of_owner ON teams (owner_id);

CREATE TABLE team_members (
    team_id   text NOT NULL REFERENCES teams (id),
    user_id   text NOT NULL REFERENCES users (id),
    role      text,
    joined_at timestamptz DEFAULT now(),
    PRIMARY KEY (team_id, user_id)
);

CREATE INDEX team_members_of_user ON team_members (user_id);

CREATE TABLE missions (
    id          text PRIMARY KEY,
    name        text NOT NULL,
    description text,
    status      text,
    path        text,                       -- of the TASKS.md in its repository
    team_id     text REFERENCES teams (id),
    user_id     text REFERENCES users (id), -- who owns it
    created_at  timestamptz DEFAULT now(),
    updated_at  timestamptz DEFAULT now()
);

CREATE INDEX missions_of_team ON missions (team_id);
CREATE INDEX missions_of_user ON missions (user_id);

CREATE TABLE tasks (
    id              text PRIMARY KEY,
    mission_id      text REFERENCES missions (id),
    key             text,    -- the row's id in TASKS.md: FED-M1-01
    title           text NOT NULL,
    description     text,
    status          text,    -- a copy: the TASKS.md is the truth
    milestone       text,
    position        integer, -- in the file, from 1
    agent           text,
    branch          text,
    issue           text,
    depends_on      text[],  -- keys
    estimate_tokens bigint,
    spent_tokens    bigint,
    notes           text,
    created_at      timestamptz DEFAULT now(),
    updated_at      timestamptz DEFAULT now(),
    UNIQUE (mission_id, key)
);

CREATE INDEX tasks_text ON tasks
    USING gin (to_tsvector('simple', title || ' ' || coalesce(description, '')));

CREATE TABLE notes (
    id         text PRIMARY KEY,
    mission_id text REFERENCES missions (id),
    task_id    text REFERENCES tasks (id),
    user_id    text REFERENCES users (id), -- who wrote it
    title      text,
    body       text NOT NULL,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);

CREATE INDEX notes_of_mission ON notes (mission_id);
CREATE INDEX notes_of_task ON notes (task_id);
CREATE INDEX notes_of_user ON notes (user_id);
CREATE INDEX notes_text ON notes
    USING gin (to_tsvector('simple', coalesce(title, '') || ' ' || body));

CREATE TABLE mission_events (
    id         text PRIMARY KEY, -- projected ones: SOURCE:NUMBER
    mission_id text NOT NULL REFERENCES missions (id),
    source     text,             -- the journal it comes from
    number     bigint,           -- in that journal; orders its events
    at         timestamptz NOT NULL DEFAULT now(),
    kind       text NOT NULL,
    task       text,             -- the row's id in TASKS.md
    attempt    integer,          -- number of the try at that task
    data       jsonb NOT NULL DEFAULT '{}',
    UNIQUE (source, number)
);

CREATE INDEX mission_events_of_mission ON mission_events (mission_id, at);

CREATE TABLE attempts (
    source        text NOT NULL, -- the journal it comes from
    mission_id    text NOT NULL REFERENCES missions (id),
    task          text NOT NULL, -- the row's id in TASKS.md
    number        integer NOT NULL,
    agent         text NOT NULL,
    stage         text NOT NULL,
    outcome       text,
    reason        text NOT NULL,
    started       timestamptz NOT NULL,
    ended         timestamptz,
    input_tokens  bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cost_usd      double precision,
    PRIMARY KEY (source, task, number)
);

CREATE INDEX attempts_of_task ON attempts (mission_id, task);

-- How far each journal has been taken over.
CREATE TABLE projections (
    source     text PRIMARY KEY,
    mission_id text NOT NULL REFERENCES missions (id),
    last_event bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- What was moved here from other storages; one without an end was interrupted.
CREATE TABLE takeovers (
    source   text PRIMARY KEY, -- which database, without credentials
    started  timestamptz NOT NULL DEFAULT now(),
    finished timestamptz
);
