"""Puts the parts of a run together: which part gets which ports."""
