"""Built-in operations: deterministic work that a row can run instead of an agent."""
