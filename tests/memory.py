"""Where tests put what nobody wants back after a power cut."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def memory_folder() -> str | None:
    """A folder in memory, where there is plenty; None: there is none, and the usual one serves."""
    memory = Path("/dev/shm")  # noqa: S108 - folders with names of their own are made in it
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4_000_000_000:
        return str(memory)
    return None
