ALTER TABLE tasks ADD COLUMN embedding vector(384);
ALTER TABLE notes ADD COLUMN embedding vector(384);

CREATE INDEX tasks_embedding ON tasks USING hnsw (embedding vector_cosine_ops);
CREATE INDEX notes_embedding ON notes USING hnsw (embedding vector_cosine_ops);

-- Which embedder made them: numbers of different ones do not compare.
CREATE TABLE embedder (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    name   text NOT NULL
);

-- The embedding of a text that is no longer there would be found for what nobody wrote.
CREATE FUNCTION forget_embedding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.embedding := NULL;
    RETURN NEW;
END
$$;

CREATE TRIGGER tasks_text_changed BEFORE UPDATE ON tasks FOR EACH ROW
WHEN (
    (OLD.title, OLD.description) IS DISTINCT FROM (NEW.title, NEW.description)
    AND OLD.embedding IS NOT DISTINCT FROM NEW.embedding
)
EXECUTE FUNCTION forget_embedding();

CREATE TRIGGER notes_text_changed BEFORE UPDATE ON notes FOR EACH ROW
WHEN (
    (OLD.title, OLD.body) IS DISTINCT FROM (NEW.title, NEW.body)
    AND OLD.embedding IS NOT DISTINCT FROM NEW.embedding
)
EXECUTE FUNCTION forget_embedding();
