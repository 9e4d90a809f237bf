"""What keeps a mission from being carried out, said before anything starts."""
