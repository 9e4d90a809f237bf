"""The right word for one that is nearly right: offered everywhere in the same words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 100  # characters: a cell may hold a megabyte, and comparing takes its square
_CLOSE = 0.6  # of 1, as difflib measures it


def nearest(word: str, known: Iterable[str], *, cutoff: float = _CLOSE) -> str | None:
    """The known word that `word` may be a slip of: upper and lower case, dashes, underscores and
    spaces count for nothing. None where none is as close as `cutoff`, from 0 to 1."""
    if len(word) > _LONGEST:
        return None
    folded: dict[str, str] = {}
    for name in known:
        folded.setdefault(_folded(name), name)
    close = get_close_matches(_folded(word), folded, n=1, cutoff=cutoff)
    return folded[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """A hint: `Did you mean max_parallel?` where a known word is close, and then `otherwise`."""
    close = nearest(word, known)
    return " ".join(part for part in (close and f"Did you mean {close}?", otherwise) if part)


def _folded(word: str) -> str:
    return re.sub(r"[\s_-]+", "-", word.casefold())
