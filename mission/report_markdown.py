"""A report as Markdown: for a file, an issue's closing comment, a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from mission.amounts import count, money, share, span
from mission.report import Line, Report

_AMOUNTS = ("estimate", "spent", "of estimate", "cached", "cost", "attempts", "worked", "waited")


def report_markdown(report: Report) -> str:
    """The report's three tables, with the final line end."""
    title = f"# {_cell(report.mission)}: estimates and actuals" if report.mission else ""
    tasks = [
        (line.name, line.status, ", ".join(line.agents), *amounts(line)) for line in report.tasks
    ]
    total = ("**total**", "", "", *amounts(report.total))
    parts = (
        title,
        _table(("task", "status", "agents"), [*tasks, total]),
        _table(("milestone",), [(line.name, *amounts(line)) for line in report.milestones]),
        _table(("agent",), [(line.name, *amounts(line)) for line in report.agents]),
        remark(report),
    )
    return "\n\n".join(filter(None, parts)) + "\n"


def amounts(line: Line) -> tuple[str, ...]:
    """Estimate, tokens spent, their ratio, tokens read from caches beside these, cost, attempts,
    working time and waiting, in words."""
    spent = line.spent
    guess = "~" if spent.guesses and spent.cost_usd is not None else ""
    more = "+" if spent.unpriced and spent.cost_usd is not None else ""
    return (
        count(line.estimate_tokens),
        count(spent.tokens) if spent.attempts else "—",
        share(line.ratio),
        count(spent.cached_tokens) if spent.attempts else "—",
        guess + money(spent.cost_usd) + more,
        str(spent.attempts),
        span(spent.worked) if spent.attempts else "—",
        span(spent.waited) if spent.waited else "—",
    )


def remark(report: Report) -> str:
    """What a reader must know about the costs; empty when there is nothing."""
    spent, told = report.total.spent, []
    if spent.unpriced:
        attempts = "1 attempt" if spent.unpriced == 1 else f"{spent.unpriced} attempts"
        told.append(f"The cost leaves out {attempts} whose price is not known.")
    if spent.guesses:
        told.append(f"Numbers with ~ are a guess: {'; '.join(spent.guesses)}.")
    return " ".join(told)


def _table(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    heads = (*names, *_AMOUNTS)
    rule = ["---"] * len(names) + ["---:"] * len(_AMOUNTS)
    lines = (heads, rule, *(map(_cell, row) for row in rows))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    """Text that cannot end its cell, its row or its table."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return shown.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
