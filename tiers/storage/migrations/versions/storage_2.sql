-- What pages on a mission are made of: as the journal and the file have it, on whichever machine
-- carried the mission out. Nothing that leads into that machine: no folders, logs, sessions.

ALTER TABLE mission_events ADD COLUMN run bigint; -- its number in that journal

ALTER TABLE attempts ADD COLUMN record jsonb; -- as the journal has it

CREATE TABLE runs (
    source     text NOT NULL, -- the journal it comes from
    number     bigint NOT NULL,
    mission_id text NOT NULL REFERENCES missions (id),
    record     jsonb NOT NULL, -- as the journal has it
    PRIMARY KEY (source, number)
);

CREATE TABLE task_files (
    mission_id text PRIMARY KEY REFERENCES missions (id),
    name       text NOT NULL, -- that mission.yaml gives the mission, or the file
    body       text NOT NULL,
    dialect    jsonb NOT NULL -- how mission.yaml has it read
);

ALTER TABLE projections ADD COLUMN host text;          -- whose journal it is
ALTER TABLE projections ADD COLUMN copied timestamptz; -- when it was last taken over

CREATE INDEX projections_of_mission ON projections (mission_id);

-- Events come once more, for their runs.
UPDATE projections SET last_event = 0;
