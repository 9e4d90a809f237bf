"""The storage's schema, as Alembic runs it: forward only. The SQL is in `versions/`."""
