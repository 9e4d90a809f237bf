"""Which column a header cell means. Columns are found by name, never by position."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from tasks_md.words import bare, spoken_id

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
# A column of numbers: the id where no column says that it is.
_NUMBERS = frozenset(
    {"#", "\\#", "№", "no", "no.", "nr", "nr.", "task_#", "task_no", "task_no.", "task_number"}
)
_NAMES = frozenset({"task", "name"})  # the id, or the description where another column is the id
# Several columns may tell what is to be done; the one of the lowest rank is the description.
_RANKS = {"description": 0, "desc": 0, "summary": 1, "what": 1, "task": 2, "title": 3, "name": 4}
# What may be the title beside a description of a lower rank than this. Beside what is called a
# task, a name is a person's as likely as not.
_TITLES_BESIDE = {"title": 3, "task": 2, "name": 2}
# What nobody but a person writes, and the columns that the runner writes.
_TITLES = frozenset({"title", "task", "name", "what", "description", "desc"})
_WRITTEN = frozenset({"status", "notes"})
_ONE_WORD = re.compile(r"[\w#\[][\w.#:@\]-]*")
_SEPARATORS = re.compile(r"[,;+]|\.{2,3}|…")


def header_key(text: str) -> str:
    """Headers that differ in case, marks, spaces or dashes are one name."""
    return re.sub(r"[\s_-]+", "_", bare(text).casefold())


def is_number(header: str, extra: Mapping[str, str]) -> bool:
    """Whether a column holds numbers by its name, and not because a mapping says what it is."""
    key = header_key(header)
    return key in _NUMBERS and key not in map(header_key, extra)


def overwrites_title(header: str, meaning: str) -> bool:
    """Whether a mapping would have the runner write into the text of a row: it counts as none."""
    return header_key(header) in _TITLES and meaning in _WRITTEN


def column_names(
    headers: Sequence[str], extra: Mapping[str, str], *, named: bool = False
) -> tuple[str, ...]:
    """A name for each header: ours where it is known, else the header as written.

    The first of two headers for one column gets the name; the second keeps its own text (with a
    number behind it where that is taken too), so that every name stands for one column. `task`
    means the id, or the description where another column is the id, as `#` is. Of several columns
    that tell what is to be done, as Title beside Description, one is the description.

    Args:
        headers: Of a table, as written.
        extra: Further headers and what each one means.
        named: The ids stand in `task`, though there are numbers too: see `ids_are_names`.
    """
    names: list[str] = []
    for header, meaning in zip(headers, _meanings(headers, extra, named=named), strict=True):
        name = meaning if meaning and meaning not in names else header
        number = 2
        while name in names:
            name = f"{header} {number}"
            number += 1
        names.append(name)
    return tuple(names)


def _meanings(headers: Sequence[str], extra: Mapping[str, str], *, named: bool) -> list[str | None]:
    keys = [header_key(header) for header in headers]
    mapped = {
        header_key(header): name
        for header, name in extra.items()
        if not overwrites_title(header, name)
    }
    meanings = [mapped.get(key) or _CANONICAL.get(key) for key in keys]
    if "id" not in meanings:
        at = _id_column(keys, meanings, named=named)
        if at is not None:
            meanings[at] = "id"
    for at, key in enumerate(keys):
        if meanings[at] is None and key in _NAMES:
            meanings[at] = "description"
    ranks = {
        at: -1 if mapped.get(key) == "description" else _RANKS[key]
        for at, key in enumerate(keys)
        if meanings[at] == "description"
    }
    for at, rank in ranks.items():
        if rank > min(ranks.values()):
            meanings[at] = None
    return meanings


def _id_column(keys: Sequence[str], meanings: Sequence[str | None], *, named: bool) -> int | None:
    """The column with the ids, where none is called so."""
    free = [at for at, meaning in enumerate(meanings) if meaning is None]
    numbers = [at for at in free if keys[at] in _NUMBERS]
    names = [at for at in free if keys[at] in _NAMES]
    found = [*names, *numbers] if named else [*numbers, *names]
    return found[0] if found else None


def ids_are_names(
    headers: Sequence[str], extra: Mapping[str, str], rows: Sequence[Sequence[str]]
) -> bool:
    """Whether the rows of a table with `#` and `task` have their ids in `task`: `A-1`, `A-2`.

    They do if these cells are single words, and the dependencies name them; where the dependencies
    name neither these nor the numbers, if each of the words has a digit.
    """
    names = column_names(headers, extra, named=True)
    numbered = column_names(headers, extra)
    if names == numbered:
        return False
    task, number = names.index("id"), numbered.index("id")
    words = [bare(row[task]) for row in rows if len(row) > task]
    if not all(_ONE_WORD.fullmatch(word) for word in words):
        return False
    waits = names.index("depends_on") if "depends_on" in names else None
    cells = [row[waits] for row in rows if waits is not None and len(row) > waits]
    said = {part.strip() for cell in cells for part in _SEPARATORS.split(cell)}
    if said & set(words):
        return True
    numbers = {spoken_id(bare(row[number])) for row in rows if len(row) > number}
    if {spoken_id(bare(part)) for part in said} & numbers:
        return False
    return all(any(character.isdigit() for character in word) for word in words)


def title_column(headers: Sequence[str], names: Sequence[str]) -> str | None:
    """The column with a short name of each task beside its description; None: there is none.

    `names` are those of the headers.
    """
    if "description" not in names:
        return None
    described = _RANKS.get(header_key(headers[names.index("description")]), 9)
    for key, limit in _TITLES_BESIDE.items():
        for header, name in zip(headers, names, strict=True):
            if header_key(header) == key and name == header and described < limit:
                return name
    return None


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


def doubles(
    headers: Sequence[str], names: Sequence[str], extra: Mapping[str, str], *, named: bool = False
) -> list[int]:
    """Where a header means a column that an earlier header has taken; `named` as before."""
    meanings = _meanings(headers, extra, named=named)
    return [
        at
        for at, (meaning, name) in enumerate(zip(meanings, names, strict=True))
        if meaning and meaning != name and meaning in names[:at]
    ]


def is_task_table(names: Sequence[str]) -> bool:
    """A table of tasks has an id, a status, and something to do or to wait for."""
    return "id" in names and "status" in names and ("description" in names or "depends_on" in names)
