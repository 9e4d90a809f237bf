"""Missions that ship with the project, and the scratch repository that the demo runs one in."""
