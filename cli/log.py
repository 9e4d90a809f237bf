"""`mission log`: what an attempt's agent printed, as it comes or afterwards."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import PATH, path_or
from cli.console import Style, fact, paint, printable, screen_width, talk
from cli.tables import wrap
from cli.typed_here import place_at
from errors import MissionError, StoppedError, UsageError
from mission.journal import Attempt
from mission.place import Place
from service.attempt_log import log_lines
from service.log_reading import RAW, SAID, LogLine, read_line, reader_of
from service.sources import journal_version
from service.story import Story, read_story
from tasks_md.spans import display_width

if TYPE_CHECKING:
    from agents.stream import Reader

app = typer.Typer()

_INDENT = "  "  # of all that the agent says
# How an event begins, and looks.
_MARKS: dict[str, tuple[str, Style]] = {
    "started": ("▶ ", "dim"),
    "used-tool": ("▸ ", "cyan"),
    "changed-files": ("± ", "green"),
    "retrying": ("! ", "yellow"),
    "usage": ("Σ ", "dim"),
    "ended": ("■ ", "dim"),
}


@app.command()
def log(
    words: Annotated[
        list[str], typer.Argument(metavar="[PATH] ID", help=f"ID: the task's. {PATH}")
    ],
    number: Annotated[
        int | None,
        typer.Option("--attempt", min=1, help="Which attempt; the last one if not said."),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option("--follow", "-f", help="Go on as more comes, until the attempt has ended."),
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="The log as it is, with all that tools gave back.")
    ] = False,
) -> None:
    """What the agent of an attempt printed: what it said, and a line for each tool that it used.

    Agents whose log is a stream of events are read as their adapter reads them; of all others, the
    log is shown as it is.
    """
    path, task = path_or(words, "ID")
    if task is None:
        raise UsageError("ID is missing: wanted is [PATH] ID", hint="`mission status` has the ids")
    place = place_at(path)
    attempt = _attempt(read_story(place, task), number)
    if attempt.log is None:
        raise MissionError(f"attempt {attempt.number} at {task} keeps no log: no agent works on it")
    if not raw:  # who reads the log takes half a second to import
        talk(printable(f"Attempt {attempt.number} at {task} by {attempt.agent}: {attempt.log}"))
    reader = None if raw else reader_of(place, attempt)
    lines = log_lines(Path(attempt.log), over=_until_ended(place, attempt) if follow else _at_once)
    try:
        for line in lines:
            if raw and not sys.stdout.isatty():
                sys.stdout.buffer.write(line + b"\n")
                sys.stdout.buffer.flush()
                continue
            for shown in _readable(line.decode("utf-8", "replace"), reader):
                fact(shown)
    except KeyboardInterrupt:
        raise StoppedError("stopped looking on") from None
    if follow:
        now = _attempt(read_story(place, task), attempt.number)
        talk(printable(f"Attempt {now.number} at {task} has ended: {now.outcome or now.stage}"))


def _attempt(story: Story, number: int | None) -> Attempt:
    attempts = [chapter.attempt for chapter in story.chapters]
    if not attempts:
        raise MissionError(
            f"{story.task} has not been tried yet", hint="`mission run` carries it out"
        )
    if number is None:
        return attempts[-1]
    for attempt in attempts:
        if attempt.number == number:
            return attempt
    known = ", ".join(str(attempt.number) for attempt in attempts)
    raise MissionError(f"{story.task} has no attempt {number}", hint=f"There are: {known}")


def _at_once(_seconds: float) -> bool:
    """For a log that is read to where it is now."""
    return True


def _until_ended(place: Place, attempt: Attempt) -> Callable[[float], bool]:
    """Waits, and says whether the attempt has ended: looks where the journal has changed."""
    seen: object = None
    ended = False

    def over(seconds: float) -> bool:
        nonlocal seen, ended
        time.sleep(seconds)
        version = journal_version(place)
        if version is None or version != seen:
            chapters = read_story(place, attempt.task).chapters
            ended = all(one.attempt.ended for one in chapters if one.attempt.id == attempt.id)
            seen = version
        return ended

    return over


def _readable(line: str, reader: Reader | None) -> Iterator[str]:
    """The lines that people see of one of the log's."""
    for told in read_line(line, reader):
        if told.kind == RAW:
            yield printable(told.text)
        elif told.kind == SAID:
            yield from _said(told.text)
        else:
            yield _event(told)


def _said(text: str) -> Iterator[str]:
    for paragraph in text.strip().split("\n"):
        for line in wrap(printable(paragraph.expandtabs(4)), screen_width() - len(_INDENT)):
            yield f"{_INDENT}{line}".rstrip()


def _event(event: LogLine) -> str:
    mark, style = _MARKS.get(event.kind, ("· ", "dim"))
    text = printable(event.text)
    room = screen_width() - len(mark)
    if display_width(text) > room:
        text = f"{wrap(text, room - 2)[0]} …"
    return paint(mark + text, style)
