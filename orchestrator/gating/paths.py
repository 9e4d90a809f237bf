"""Paths that a branch may not change, as file systems see them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def touched(files: Iterable[str], task_file: str) -> bool:
    """Whether any of `files` is, holds or replaces `task_file`. All are repository paths.

    Letter case and Unicode form do not count: on some file systems `tasks.md` is `TASKS.md`. A
    file where the task file has a folder counts too, because it takes the task file's place.
    """
    wanted = folded(task_file)
    return any(
        path == wanted or wanted.startswith(path + "/") or path.startswith(wanted + "/")
        for path in map(folded, files)
    )


def folded(path: str) -> str:
    """A repository's path, so that two that some file system takes for one are equal."""
    return unicodedata.normalize("NFC", path).casefold().strip("/")
