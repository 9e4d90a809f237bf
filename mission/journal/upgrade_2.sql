-- From schema version 2 to 3: an attempt's step, its agent's word and its end are columns of their
-- own. Version 2 had the last two in one column, and said of an approved attempt by an empty one.

ALTER TABLE attempts RENAME COLUMN stage TO step;
ALTER TABLE attempts ADD COLUMN said TEXT;
ALTER TABLE attempts ADD COLUMN "end" TEXT;
ALTER TABLE attempts ADD COLUMN approved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN taken_up INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN stands_in TEXT;

-- The word of an agent that finished is among the events; that of another was the outcome.
UPDATE attempts SET said = (
    SELECT json_extract(data, '$.outcome') FROM events
    WHERE kind = 'agent' AND events.attempt = attempts.id ORDER BY events.id DESC LIMIT 1
);

UPDATE attempts SET "end" = CASE
    WHEN outcome IN (
        'success', 'needs-qa', 'single-writer', 'verification', 'review', 'conflict', 'failed',
        'superseded', 'interrupted'
    ) THEN outcome
    -- The work was finished, so the outcome is the runner's: its agent had another word.
    WHEN outcome = 'blocked' AND (said IS NOT NULL OR head IS NOT NULL) THEN 'held-up'
    WHEN outcome IN ('no-changes', 'refused-permissions') AND head IS NOT NULL THEN outcome
    -- No agent was asked.
    WHEN outcome = 'blocked' AND summary = '' AND exit_code IS NULL THEN 'held-up'
    WHEN outcome = 'stopped' AND summary = '' AND exit_code IS NULL THEN 'stopped'
    WHEN outcome IN (
        'no-changes', 'refused-permissions', 'authentication', 'quota', 'rate-limit', 'overloaded',
        'bad-request', 'out-of-turns', 'budget', 'silent-too-long', 'timed-out', 'stopped',
        'killed', 'crashed', 'blocked'
    ) THEN 'as-said'
    ELSE 'interrupted'
END
WHERE step = 'ended';

UPDATE attempts SET said = outcome
WHERE said IS NULL AND ("end" = 'as-said' OR (step <> 'ended' AND outcome IS NOT NULL));

UPDATE attempts SET step = 'unfinished' WHERE step = 'started' AND outcome IS NOT NULL;

-- Only an approval had opened an attempt again without an outcome.
UPDATE attempts SET approved = 1, taken_up = 1
WHERE step NOT IN ('started', 'unfinished', 'ended') AND outcome IS NULL;

-- Whom it stood in for was not said: most often the one that was asked before it.
UPDATE attempts SET stands_in = coalesce((
    SELECT agent FROM attempts AS earlier
    WHERE earlier.task = attempts.task AND earlier.number < attempts.number
        AND earlier.route NOT LIKE 'stands in%'
    ORDER BY earlier.number DESC LIMIT 1
), '')
WHERE route LIKE 'stands in%';

DROP INDEX IF EXISTS attempts_open;
ALTER TABLE attempts DROP COLUMN outcome;
CREATE INDEX attempts_open ON attempts (id) WHERE step <> 'ended';
