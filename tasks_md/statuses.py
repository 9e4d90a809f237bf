"""Status words: the six, those that a team maps to them, and the usual ones of others.

A file that was begun with another tool says `todo`, `completed` or ✅. Such words are *borrowed*:
understood where nothing else is said of them, and never where they could mean two things (⏳, ❌).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from tasks_md.model import DONE, NOT_STARTED, STATUSES, Dialect
from tasks_md.words import bare

# By canonical status. Words as `status_key` spells them.
_BORROWED_WORDS: dict[str, tuple[str, ...]] = {
    NOT_STARTED: (
        *("todo", "to-do", "pending", "open", "new", "planned", "queued", "backlog"),
        *("unstarted", "not-yet-started", ":white-large-square:"),
    ),
    "in-progress": (
        *("doing", "wip", "started", "ongoing", "active", "running", "working", "inprogress"),
        *("work-in-progress", ":construction:"),
    ),
    DONE: (
        *("completed", "complete", "finished", "closed", "merged", "resolved"),
        *(":white-check-mark:", ":heavy-check-mark:", ":ballot-box-with-check:"),
    ),
    "blocked": ("on-hold", "stuck", ":no-entry:"),
    "failed": ("failure",),
    "needs-qa": ("review", "in-review", "needs-review", "ready-for-review", "qa", "in-qa"),
}
_BORROWED_MARKS = {
    NOT_STARTED: "⬜☐🔲◻⚪○",
    "in-progress": "🔄🚧🏗",
    DONE: "✅✔☑✓",
    "blocked": "⛔🚫🛑",
    "needs-qa": "👀",
}
_WORDS = {word: status for status, words in _BORROWED_WORDS.items() for word in words}
_MARKS = {mark: status for status, marks in _BORROWED_MARKS.items() for mark in marks}
_BOXES = {"[ ]": NOT_STARTED, "[x]": DONE, "[X]": DONE, "[~]": "in-progress", "[/]": "in-progress"}
_BOX = re.compile(r"(\[[ xX~/]\])\s*(.*)", re.DOTALL)
_SYMBOLS = frozenset({"So", "Sk", "Mn", "Cf"})  # emoji, and what joins and varies them
_LONGEST_WORD = 60  # characters; a cell that says more says something else


def status_key(word: str) -> str:
    """Spellings that differ in case, marks, spaces or underscores are one status word."""
    return re.sub(r"[\s_-]+", "-", bare(word).casefold())


def canonical_statuses(dialect: Dialect) -> dict[str, str]:
    """Status word (as `status_key` spells it) -> canonical status. Borrowed words are not here."""
    return {s: s for s in STATUSES} | {status_key(w): s for w, s in dialect.statuses.items()}


def read_status(word: str, canonical: Mapping[str, str]) -> str | None:
    """The canonical status that a word stands for; None where nobody knows.

    Args:
        word: As it stands in the file.
        canonical: From `canonical_statuses`; these words come before borrowed ones.
    """
    return canonical.get(status_key(word)) or _read_borrowed(word, canonical)


def _read_borrowed(word: str, canonical: Mapping[str, str]) -> str | None:
    """`Completed`, `✅`, `[x]`, `🎉 Done`: what its marks and its words agree on."""
    if len(word) > _LONGEST_WORD:
        return None
    text = bare(word)
    said: set[str | None] = set()
    box = _BOX.fullmatch(text)
    if box:
        said.add(_BOXES[box.group(1)])
        text = box.group(2)
    text, marks = _without_marks(text)
    said |= {_MARKS[mark] for mark in marks if mark in _MARKS}
    if text:
        key = status_key(text)
        said.add(canonical.get(key) or _WORDS.get(key))  # None: a word that nobody knows
    return said.pop() if len(said) == 1 else None


def _without_marks(text: str) -> tuple[str, str]:
    """The text without the symbols at its ends, and these symbols."""
    start, end = 0, len(text)
    while start < end and _is_around(text[start]):
        start += 1
    while end > start and _is_around(text[end - 1]):
        end -= 1
    return text[start:end], text[:start] + text[end:]


def _is_around(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in _SYMBOLS


def status_word(
    status: str, *, declared: Sequence[str], dialect: Dialect, shown: Mapping[str, Sequence[str]]
) -> str:
    """The word that a file uses for a canonical status.

    A word that the file declares comes before one that only the configuration knows; then comes one
    that stands in another row, unless a row has our own.

    Args:
        status: The canonical one.
        declared: What the file declares.
        dialect: What the configuration says.
        shown: Canonical status -> words of the file's rows.
    """
    canonical = canonical_statuses(dialect)
    for word in declared:
        if read_status(word, canonical) == status:
            return word
    mapped = next((word for word, means in dialect.statuses.items() if means == status), None)
    if mapped is not None:
        return mapped
    words = shown.get(status, ())
    return status if status in words or not words else words[0]
