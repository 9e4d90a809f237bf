"""Telling people what happens: what the journal says becomes notices, and notices messages."""
