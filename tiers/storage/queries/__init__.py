"""The storage's SQL, a file for each statement."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def query(name: str) -> bytes:
    """The statement of this name."""
    return files(__name__).joinpath(f"{name}.sql").read_bytes()
