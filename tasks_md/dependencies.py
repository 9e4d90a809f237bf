"""What a `depends_on` cell means. Text that cannot be understood is never "nothing"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tasks_md.nearest import did_you_mean
from tasks_md.words import bare, is_nothing, is_wrapped, shorten, spoken_id, unbracketed

_PART = re.compile(r"[^,;+]+")
_DOTS = re.compile(r"\.{2,3}|…")
_NUMBERED = re.compile(r"(?P<prefix>.*?)(?P<number>\d{1,15})")

# A file can be wrong in ten thousand places; people read the first few.
_PROBLEMS_PER_CELL = 5
_SUGGESTIONS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A part of a cell that does not lead to tasks."""

    rule: str  # the finding's rule
    offset: int  # where the part starts in the cell's text
    message: str
    hint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Dependencies:
    """What one cell says."""

    ids: tuple[str, ...]  # each once, in the order of the cell
    named: frozenset[str]  # those named by id or range, not only through their milestone
    problems: tuple[Problem, ...]


class DependencyReader:
    """Reads cells against the ids and milestones of one file."""

    def __init__(
        self,
        ids: frozenset[str],
        milestones: Mapping[str, tuple[str, ...]],
        *,
        issues: frozenset[str] = frozenset(),
    ) -> None:
        """Know what a cell can name.

        Args:
            ids: Of the rows.
            milestones: For each milestone the ids of its tasks; none for a placeholder.
            issues: Of rows, as `#7`, where the row with that number is another one.
        """
        self._ids = ids
        self._milestones = milestones
        self._issues = issues
        self._spoken: dict[str, list[str]] | None = None
        self._read: dict[str, Dependencies] = {}
        self._suggested = 0

    def read(self, text: str) -> Dependencies:
        """The tasks that a cell names. Equal cells share one answer."""
        known = self._read.get(text)
        if known is None:
            known = self._read[text] = self._read_cell(text)
        return known

    def _read_cell(self, text: str) -> Dependencies:
        if text in self._ids:  # most cells
            return Dependencies(ids=(text,), named=frozenset({text}), problems=())
        if is_nothing(bare(text)):
            return Dependencies(ids=(), named=frozenset(), problems=())
        found: dict[str, None] = {}
        named: set[str] = set()
        problems: list[Problem] = []
        for part, offset in _parts(text):
            answer = self._read_part(part, offset)
            if isinstance(answer, Problem):
                problems.append(answer)
                if len(problems) == _PROBLEMS_PER_CELL:
                    break
                continue
            found.update(dict.fromkeys(answer))
            if part not in self._milestones:
                named.update(answer)
        if not found and not problems:  # only separators
            problems.append(_unreadable(text, 0))
        return Dependencies(ids=tuple(found), named=frozenset(named), problems=tuple(problems))

    def _read_part(self, part: str, offset: int) -> tuple[str, ...] | Problem:
        if part in self._ids:
            return (part,)
        if part in self._milestones:
            return self._milestones[part] or Problem(
                rule="placeholder-dependency",
                offset=offset,
                message=f"depends on milestone {part}, which has no tasks yet",
                hint=f"The row waits until {part} is expanded into tasks and these are done",
            )
        called = self._called(part)
        if called is not None:
            return _ambiguous(part, offset) if part in self._issues else (called,)
        part = unbracketed(part)
        dots = _DOTS.search(part)
        if dots:
            first, last = part[: dots.start()].strip(), part[dots.end() :].strip()
            first, last = unbracketed(bare(first)), unbracketed(bare(last))
            return self._read_range(first, last, part, offset)
        if re.search(r"\s", part) or not re.search(r"\w", part):
            return _unreadable(part, offset)
        return self._missing(part, offset)

    def _read_range(
        self, first: str, last: str, part: str, offset: int
    ) -> tuple[str, ...] | Problem:
        start = _NUMBERED.fullmatch(first)
        end = _NUMBERED.fullmatch(last)
        if not start or not end or end["prefix"] not in {"", start["prefix"]}:
            return _unreadable(part, offset)
        low, high = int(start["number"]), int(end["number"])
        if low > high:
            return _unreadable(part, offset)
        digits = len(start["number"])
        members = []
        for number in range(low, high + 1):
            member = f"{start['prefix']}{number:0{digits}d}"
            called = member if member in self._ids else self._called(member)
            if called is None:  # also ends a range of a billion at once
                return self._missing(member, offset, within=part)
            if member in self._issues and called != member:
                return _ambiguous(member, offset)
            members.append(called)
        return tuple(members)

    def _called(self, text: str) -> str | None:
        """The one task that other words mean: `Task 7` and `#7` are 7, `[A-1]` is A-1."""
        if self._spoken is None:
            self._spoken = {}
            for task in self._ids:
                self._spoken.setdefault(spoken_id(task), []).append(task)
        found = self._spoken.get(spoken_id(text), [])
        return found[0] if len(found) == 1 else None

    def _missing(self, task: str, offset: int, *, within: str = "") -> Problem:
        where = f" (in {shorten(within)})" if within else ""
        hint = ""
        if self._suggested < _SUGGESTIONS:
            self._suggested += 1
            hint = did_you_mean(task, [*self._ids, *self._milestones])
        return Problem(
            rule="missing-dependency",
            offset=offset,
            message=f"depends on {shorten(task)}{where}, which is no task or milestone here",
            hint=hint or "Write the id of a row, or —",
        )


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """The parts between separators with their offsets, without brackets and code marks."""
    inner, shift = text, 0
    if is_wrapped(text):
        inner, shift = text[1:-1], 1
    for found in _PART.finditer(inner):
        part = found.group()
        lead = len(part) - len(part.lstrip())
        if part.strip():
            yield bare(part.strip()), shift + found.start() + lead


def _ambiguous(part: str, offset: int) -> Problem:
    return Problem(
        rule="unreadable-dependency",
        offset=offset,
        message=f"{shorten(part)} is a row's issue, and may be the number of another row",
        hint=f"Write {spoken_id(part)}, without #, for the row",
    )


def _unreadable(part: str, offset: int) -> Problem:
    return Problem(
        rule="unreadable-dependency",
        offset=offset,
        message=f"cannot read the dependency {shorten(part)!r}",
        hint="Write ids with commas between them, a range like A-01..05, a milestone's id, or —",
    )
