"""One attempt at one row: what the agent does, what is checked, what follows from its end."""
