"""Which column a header cell means. Columns are found by name, never by position."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from tasks_md.words import bare

_ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "task_id", "key"),
    "status": ("status", "state"),
    "description": ("description", "desc", "summary", "title", "what"),
    "issue": ("issue", "issues", "ticket"),
    "agent": ("agent", "owner", "assignee", "model"),
    "branch": ("branch",),
    "depends_on": (
        "depends_on",
        "depends",
        "deps",
        "dependencies",
        "dependency",
        "blocked_by",
        "after",
        "needs",
        "requires",
    ),
    "estimate": ("estimate", "est", "tokens", "estimated_tokens", "budget"),
    "notes": ("notes", "note", "comment", "comments", "remarks"),
}
_CANONICAL = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}


def header_key(text: str) -> str:
    """Headers that differ in case, marks, spaces or dashes are one name."""
    return re.sub(r"[\s_-]+", "_", bare(text).casefold())


def column_names(headers: Sequence[str], extra: Mapping[str, str]) -> tuple[str, ...]:
    """A name for each header: ours where it is known, else the header as written.

    The first of two headers for one column gets the name; the second keeps its own text (with a
    number behind it where that is taken too), so that every name stands for one column. `task`
    means the id, or the description where another column is the id.
    """
    known = _CANONICAL | {header_key(header): name for header, name in extra.items()}
    meanings = [known.get(header_key(header)) for header in headers]
    for at, header in enumerate(headers):
        if meanings[at] is None and header_key(header) in {"task", "name"}:
            meanings[at] = "description" if "id" in meanings else "id"
    names: list[str] = []
    for header, meaning in zip(headers, meanings, strict=True):
        name = meaning if meaning and meaning not in names else header
        number = 2
        while name in names:
            name = f"{header} {number}"
            number += 1
        names.append(name)
    return tuple(names)


def resembling(names: Sequence[str], name: str) -> str | None:
    """The first of a table's columns that is not known and is spelled nearly as `name` may be.

    The start of an alias counts (`dep`), and so does a slip of the pen. None where there is none,
    or where the table has the column itself.
    """
    if name in names:
        return None
    for other in names:
        key = header_key(other)
        begins = len(key) >= 3 and any(alias.startswith(key) for alias in _ALIASES[name])
        if other not in _ALIASES and (begins or get_close_matches(key, _ALIASES[name], cutoff=0.8)):
            return other
    return None


def doubles(headers: Sequence[str], names: Sequence[str], extra: Mapping[str, str]) -> list[int]:
    """Where a header means a column that an earlier header has taken."""
    known = _CANONICAL | {header_key(header): name for header, name in extra.items()}
    return [
        at
        for at, (header, name) in enumerate(zip(headers, names, strict=True))
        if (meaning := known.get(header_key(header))) and meaning != name and meaning in names[:at]
    ]


def is_task_table(names: Sequence[str]) -> bool:
    """A table of tasks has an id, a status, and something to do or to wait for."""
    return "id" in names and "status" in names and ("description" in names or "depends_on" in names)
