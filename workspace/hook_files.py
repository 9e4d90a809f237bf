"""The files that git runs for a push, and what they were."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

OF_A_PUSH = ("pre-push", "reference-transaction")  # githooks(5)


def hooks_in(folder: Path) -> list[Path]:
    """Those in a folder that git would run."""
    hooks = [folder / name for name in OF_A_PUSH]
    return [hook for hook in hooks if hook.is_file() and os.access(hook, os.X_OK)]


def seen(folder: Path) -> Mapping[str, str]:
    """A digest of each of them, by its name.

    Raises:
        OSError: One cannot be read.
    """
    return {hook.name: hashlib.sha256(hook.read_bytes()).hexdigest() for hook in hooks_in(folder)}
