"""The folders in which agents and checks work, and what is done there."""
