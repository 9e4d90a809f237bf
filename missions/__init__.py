"""Missions that ship with the project."""
