"""One revision a file, beside its SQL. A released one never changes."""
