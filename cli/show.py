"""`mission show`: one row as somebody sees it who is to decide on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from cli.arguments import PATH, path_or
from cli.console import Style, fact, paint, print_json, printable, screen_width, shown_path, talk
from cli.pager import page
from cli.tables import wrap
from cli.typed_here import place_at, text_here
from errors import UsageError
from mission.amounts import clock, count, in_one_line, money, span
from mission.journal import Attempt
from mission.place import Place
from orchestrator.loop.notes import without_word
from service.builder import Standings
from service.choices import attach, choices
from service.standing import Standing
from service.story import Chapter, Story, read_story
from service.work import Work, find_work, patch

app = typer.Typer()

_LEAD = 10  # columns before what is told
_MOST_FILES = 20
_MOST_SUMMARY = 2_000  # characters; the log has all of it


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shown:
    """All that the page is made of."""

    story: Story
    standing: Standing
    chapter: Chapter | None  # the last attempt; None: there was none
    work: Work | None
    # What opens the agent's session; empty: there is nothing to open. Asked for last: it takes half
    # of the time until the first line.
    attach: Callable[[], str]
    decide: tuple[tuple[str, str], ...]  # what may be typed, and what it does

    def data(self) -> dict[str, object]:
        return {
            **self.story.data(),
            "waits": [wait.why for wait in self.standing.waits.get(self.story.task, ())],
            "work": None if self.work is None else self.work.data(),
            "attach": self.attach() or None,
            "decide": [command for command, _ in self.decide],
        }


@app.command()
def show(
    words: Annotated[
        list[str], typer.Argument(metavar="[PATH] ID", help=f"ID: the task's. {PATH}")
    ],
    diff: Annotated[
        bool, typer.Option("--diff", help="The whole difference instead, through $PAGER.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """One row: what its agent did and says, checks, reviews, gates, and what may be typed.

    It shows the last attempt, and what its branch holds now: that is what `mission approve` would
    merge. `mission history ID` has all attempts, `mission log ID` what the agent printed.
    """
    if diff and as_json:
        raise UsageError("--diff and --json do not go together", hint="Leave one of them out")
    path, task = path_or(words, "ID")
    if task is None:
        raise UsageError("ID is missing: wanted is [PATH] ID", hint="`mission status` has the ids")
    place = place_at(path)
    shown = _look(place, task, [path] if path is not None else [])
    if as_json:
        print_json(shown.data())
    elif not diff:
        for line in _page(shown):
            fact(line)
    elif shown.work is None:
        talk(f"{printable(task)} has changed nothing yet.")
        raise typer.Exit(1)
    else:
        page("\n".join(map(_diff_line, patch(place, shown.work).splitlines())))


def _look(place: Place, task: str, named: Sequence[str]) -> _Shown:
    story = read_story(place, task)
    chapter = story.chapters[-1] if story.chapters else None
    status = "" if story.row is None else story.row.status
    return _Shown(
        story=story,
        standing=Standings.shared(place).current(),
        chapter=chapter,
        work=None if chapter is None else find_work(place, chapter),
        attach=lambda: "" if chapter is None else attach(place, chapter.attempt),
        decide=tuple((one.typed(*named, task), one.does) for one in choices(status)),
    )


def _page(shown: _Shown) -> Iterator[str]:
    story, chapter = shown.story, shown.chapter
    status = "gone from the file" if story.row is None else story.row.status
    yield f"{paint(printable(story.task), 'bold')}  {printable(status)}"
    waits = [wait.why for wait in shown.standing.waits.get(story.task, ())]
    others = [] if chapter is None else [in_one_line(chapter.attempt.summary)]
    if story.row is not None:
        others += [without_word(story.row.notes), story.row.description]
        yield from _wrapped(story.row.description, "")
        if story.row.notes and story.row.notes not in waits:
            yield from _told("notes", [text_here(story.row.notes, of_others=others)])
    yield from _told("waits for", [text_here(why, of_others=others) for why in waits], "yellow")
    if chapter is None:
        yield from _told("attempts", ["none yet"])
    else:
        yield from _attempt(shown, chapter)
    if shown.decide:
        yield ""
        width = max(len(command) for command, _ in shown.decide)
        for command, does in shown.decide:
            yield f"{printable(command):{width}}  {paint(does, 'dim')}"


def _attempt(shown: _Shown, chapter: Chapter) -> Iterator[str]:
    attempt = chapter.attempt
    live = shown.standing.attempt(attempt.task)
    end = attempt.outcome or (live.step if live is not None else attempt.stage)
    took = attempt.ended - attempt.started if attempt.ended else None
    begun = f"{attempt.number} by {attempt.agent} ({attempt.route}), {clock(attempt.started)}"
    yield from _told("attempt", [begun, f"{end}, took {span(took)}" if took else end])
    why = text_here(in_one_line(attempt.reason), of_others=[in_one_line(attempt.summary)])
    yield from _told("why", [why] if why else [])
    yield from _told("it says", attempt.summary[:_MOST_SUMMARY].splitlines())
    yield from _changes(shown.work, attempt)
    yield from _told("verified", list(_steps(chapter)))
    yield from _told("reviews", list(_reviews(chapter)))
    yield from _told("gates", list(_gates(chapter)))
    usage = f"{count(attempt.tokens)} tokens, {money(attempt.cost_usd)}"
    if len(shown.story.chapters) > 1:
        usage += f"; all attempts: {count(shown.story.usage.tokens)} tokens"
    yield from _told("usage", [usage])
    yield from _told("branch", [attempt.branch] if attempt.branch else [])
    # Whole, however long: they are copied.
    facts = {"session": attempt.session, "merged": chapter.merged, "open it": shown.attach()}
    for name, told in facts.items():
        if told:
            yield _lead(name) + printable(told)
    for name, log in zip(("logs", *("" for _ in chapter.logs)), chapter.logs, strict=False):
        yield _lead(name) + shown_path(log)


def _changes(work: Work | None, attempt: Attempt) -> Iterator[str]:
    if work is None:
        yield from _told("changed", ["nothing"] if attempt.branch else [])
        return
    added = sum(file.added or 0 for file in work.files)
    removed = sum(file.removed or 0 for file in work.files)
    files = "1 file" if len(work.files) == 1 else f"{len(work.files)} files"
    lines = [f"{files}, +{added} −{removed}; `--diff` shows all of it"]
    if work.moved:
        lines.append("the branch has moved since the agent ended")
    yield from _told("changed", lines)
    for file in work.files[:_MOST_FILES]:
        told = "no text" if file.added is None else f"+{file.added} −{file.removed}"
        yield f"{' ' * _LEAD}{told:>12}  {printable(file.path)}"
    if len(work.files) > _MOST_FILES:
        yield f"{' ' * _LEAD}… and {len(work.files) - _MOST_FILES} more"


def _steps(chapter: Chapter) -> Iterator[str]:
    """The last end of each step."""
    for event in {one.what.step: one for one in chapter.verified}.values():
        step = event.what
        took = f", {step.seconds:.1f} s" if step.seconds is not None else ""
        why = f": {in_one_line(step.reason)}" if step.reason and not step.ok else ""
        yield f"{step.step} {'passed' if step.ok else 'did not pass'}{took}{why}"


def _reviews(chapter: Chapter) -> Iterator[str]:
    for event in chapter.reviews:
        yield f"{event.what.reviewer}: {event.what.text}"
    for none in chapter.not_reviewed:
        yield f"{none.what.reviewer} gave none: {none.what.outcome}, {none.what.reason}"


def _gates(chapter: Chapter) -> Iterator[str]:
    """The last answer of each gate for each purpose."""
    last = {(one.what.gate, one.what.purpose): one for one in chapter.gates}
    for event in last.values():
        gate = event.what
        detail = f" ({gate.detail})" if gate.detail else ""
        yield f"{gate.gate}: {gate.state} for the {gate.purpose}{detail}, {clock(event.at)}"


def _told(name: str, texts: Iterable[str], style: Style = "") -> Iterator[str]:
    """Texts beside a name, each from a line of its own on."""
    for text in texts:
        for paragraph in text.splitlines() or [""]:
            for line in wrap(printable(paragraph), screen_width() - _LEAD):
                yield (_lead(name) + paint(line, style)).rstrip()
                name = ""


def _lead(name: str) -> str:
    return paint(f"{name:{_LEAD}}", "dim") if name else " " * _LEAD


def _wrapped(text: str, style: Style) -> Iterator[str]:
    for line in wrap(printable(text), screen_width()):
        yield paint(line, style)


def _diff_line(line: str) -> str:
    text = printable(line.expandtabs(4))
    if line.startswith(("+++", "---", "diff ", "index ")):
        return paint(text, "bold")
    styles: dict[str, Style] = {"+": "green", "-": "red", "@": "cyan"}
    return paint(text, styles.get(line[:1], ""))
