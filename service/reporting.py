"""Estimates against what was spent, as the file and the journal have it now."""

from __future__ import annotations

from mission.clock import utc_now
from mission.journal import End, Journal
from mission.journal.kinds import AgentEnded, UsageBooked
from mission.place import Place
from mission.plan import read_plan
from mission.report import Line, Report, make_report
from mission.timeline import work_times
from service.books import Books
from tasks_md.model import Plan


def read_report(place: Place, *, milestone: str | None = None) -> Report:
    """The report of the mission here, or of one milestone. Changes nothing, starts nothing.

    Raises:
        TaskFileError: No such milestone, or the file cannot be read.
        JournalError: The journal cannot be read.
    """
    return report_of(place, read_plan(place), milestone=milestone)


def report_of(books: Books, plan: Plan, *, milestone: str | None = None) -> Report:
    """The same of a plan that was read already.

    Args:
        books: Of the mission.
        plan: The task file.
        milestone: Of this one alone.

    Raises:
        TaskFileError: No such milestone.
        MissionError: The journal cannot be read.
    """
    now = utc_now()
    attempts, events, guesses = books.look(
        lambda journal: (journal.attempts(), journal.events(), guesses_of(journal)),
    )
    return make_report(
        plan,
        attempts,
        now=now,
        milestone=milestone,
        guesses=guesses,
        times=work_times(attempts, events, now=now),
    )


def guesses_of(journal: Journal) -> dict[int, list[str]]:
    """Of attempts whose use is not known exactly, why."""
    told = [(one.attempt, one.what.guess) for one in journal.events(AgentEnded)]
    told += [(one.attempt, one.what.guess) for one in journal.events(UsageBooked)]
    told += [
        (one.id, _CUT_OFF)
        for one in journal.attempts()
        if one.end is End.INTERRUPTED and one.said is None and not one.usage.nothing
    ]
    found: dict[int, list[str]] = {}
    for attempt, why in told:
        if attempt is not None and why:
            found.setdefault(attempt, []).append(why)
    return found


# The run was killed with the agent, and knows what it had heard until then.
_CUT_OFF = "an attempt was cut off with its run"


def report_data(made: Report) -> dict[str, object]:
    """As `mission report --json` prints it."""
    return {
        "mission": made.mission,
        "tasks": [
            {"milestone": line.milestone, "status": line.status} | _line_data(line)
            for line in made.tasks
        ],
        "milestones": [_line_data(line) for line in made.milestones],
        "agents": [_line_data(line) for line in made.agents],
        "total": _line_data(made.total),
    }


def _line_data(line: Line) -> dict[str, object]:
    spent = line.spent
    return {
        "id": line.name,
        "agents": line.agents,
        "estimate_tokens": line.estimate_tokens,
        "spent_tokens": spent.tokens,
        "input_tokens": spent.input_tokens,
        "output_tokens": spent.output_tokens,
        "cached_tokens": spent.cached_tokens,
        "ratio": line.ratio,
        "cost_usd": spent.cost_usd,
        "unpriced_attempts": spent.unpriced,
        "guesses": list(spent.guesses),
        "attempts": spent.attempts,
        "seconds": spent.time,
        "worked_seconds": spent.worked,
        "waited_seconds": spent.waited,
    }
