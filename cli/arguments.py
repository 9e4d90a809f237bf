"""Arguments of which the first, PATH, may be left out although others follow it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from errors import UsageError

_HELP = "--help says more"
PATH = "PATH: a TASKS.md, or a folder that holds one; without it, the one here."


def path_and(words: Sequence[str], *names: str) -> tuple[str | None, tuple[str, ...]]:
    """`words` as the path, or None, and then one word for each of `names`.

    Raises:
        UsageError: There are too many or too few; the message names what is missing.
    """
    given = len(words)
    if given == len(names):
        return None, tuple(words)
    if given == len(names) + 1:
        return words[0], tuple(words[1:])
    wanted = f"wanted is [PATH] {' '.join(names)}"
    if given < len(names):
        raise UsageError(f"{names[given]} is missing: {wanted}", hint=_HELP)
    raise UsageError(
        f"{words[len(names) + 1]!r} is too much: {wanted}",
        hint="Put a text of several words in quotes, behind its option",
    )


def path_and_some(words: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """`words` as the path, or None, and then at least one more word. A lone one is no path."""
    first, *rest = words
    return (first, tuple(rest)) if rest and _is_path(first) else (None, tuple(words))


def path_and_rows(words: Sequence[str], *, every: bool) -> tuple[str | None, tuple[str, ...]]:
    """`words` as the path, or None, and the rows that are named; none where `every` one is meant.

    Raises:
        UsageError: No row is named, or some are though every one is meant.
    """
    if not every:
        if not words:
            raise UsageError("ID is missing: wanted is [PATH] ID..., or --all", hint=_HELP)
        return path_and_some(words)
    if not words:
        return None, ()
    path, *rows = words
    if rows or not _is_path(path):
        raise UsageError(f"{words[-1]!r} is too much: --all means every row", hint=_HELP)
    return path, ()


def path_or(words: Sequence[str], name: str) -> tuple[str | None, str | None]:
    """`words` as a path and one more word, both optional. A lone one that is there is the path.

    Raises:
        UsageError: There are more than two.
    """
    match words:
        case []:
            return None, None
        case [word]:
            return (word, None) if _is_path(word) else (None, word)
        case [path, word]:
            return path, word
        case _:
            raise UsageError(f"{words[2]!r} is too much: wanted is [PATH] [{name}]")


def _is_path(word: str) -> bool:
    return os.sep in word or Path(word).expanduser().exists()
