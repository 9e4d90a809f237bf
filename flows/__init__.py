"""Prefect wiring, with no logic of its own."""
