-- Prefect's own database, for the profile `scale`; it searches with trigrams.
SELECT 'CREATE DATABASE prefect'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'prefect') \gexec
\connect prefect
CREATE EXTENSION IF NOT EXISTS pg_trgm;
