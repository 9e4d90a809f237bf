"""Estimates against what was spent, as the file and the journal have it now."""

from __future__ import annotations

from mission.clock import utc_now
from mission.journal.look import look
from mission.place import Place
from mission.plan import read_plan
from mission.report import Line, Report, make_report


def read_report(place: Place, *, milestone: str | None = None) -> Report:
    """The report of the mission, or of one milestone. Changes nothing, starts nothing.

    Raises:
        TaskFileError: No such milestone, or the file cannot be read.
        JournalError: The journal cannot be read.
    """
    plan = read_plan(place)
    attempts = look(place.journal_file, lambda journal: journal.attempts())
    return make_report(plan, attempts, now=utc_now(), milestone=milestone)


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
        "attempts": spent.attempts,
        "seconds": spent.time,
    }
