-- From schema version 1 to 2.

-- A forge that merged onto another base than the verified one had no kind of its own.
UPDATE events SET kind = 'raced'
WHERE kind = 'conflict' AND json_extract(data, '$.expected') IS NOT NULL;

CREATE INDEX IF NOT EXISTS events_of_attempt ON events (attempt, id) WHERE attempt IS NOT NULL;
