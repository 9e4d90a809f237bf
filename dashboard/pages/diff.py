"""What an attempt changed, as git has it. The one page that starts a process: nobody polls it."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.pages.page import Query
from errors import UsageError
from mission.place import Place
from service.story import read_story
from service.work import ChangedFile, find_work, patch

_MOST_CHARACTERS = 400_000


@dataclass(frozen=True, kw_only=True, slots=True)
class DiffLine:
    """One line of a patch."""

    kind: str  # head, hunk, added, removed, same
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DiffPage:
    """The page."""

    id: str
    attempt: int
    moved: bool  # the branch has moved since the agent ended
    files: tuple[ChangedFile, ...]
    lines: tuple[DiffLine, ...]
    cut: bool  # there is more than is shown


def diff_page(place: Place | None, task: str, query: Query) -> DiffPage:
    """Put it together. Starts git, and changes nothing.

    Raises:
        UsageError: There is no such attempt, or it has changed nothing.
        MissionError: Something cannot be read, or git cannot say.
    """
    if place is None:
        raise UsageError(
            "what it changed is in its clone alone", hint=f"There: mission show --diff {task}"
        )
    number = query.number("attempt")
    chapters = [
        one for one in read_story(place, task).chapters if number in (None, one.attempt.number)
    ]
    if not chapters:
        raise UsageError(f"{task} has no such attempt", hint=f"`mission show {task}`")
    work = find_work(place, chapters[-1])
    if work is None:
        raise UsageError(f"{task} has changed nothing yet", hint=f"`mission show {task}`")
    text = patch(place, work)
    return DiffPage(
        id=task,
        attempt=chapters[-1].attempt.number,
        moved=work.moved,
        files=work.files,
        lines=tuple(
            DiffLine(kind=_kind(line), text=line)
            for line in text[:_MOST_CHARACTERS].split("\n")
            if line
        ),
        cut=len(text) > _MOST_CHARACTERS,
    )


def _kind(line: str) -> str:
    if line.startswith(("diff ", "index ", "--- ", "+++ ", "new file", "deleted file")):
        return "head"
    return {"@": "hunk", "+": "added", "-": "removed"}.get(line[:1], "same")
