"""What `mission status` says of a run in another clone."""

from __future__ import annotations

from collections.abc import Iterator

from cli.console import paint, printable, screen_width
from cli.tables import minute, wrap, wrapped
from mission.elsewhere import Elsewhere, RowThere
from tasks_md.spans import display_width

_MANY = 50  # rows
_FEW = 5  # answers


def claim_lines(heard: Elsewhere) -> Iterator[str]:
    """Who carries the mission out in another clone."""
    claim = heard.claim
    if claim is None:
        return
    since = f" since {minute(claim.since)}" if claim.since else ""
    told = f"process {claim.pid} on {claim.host}{since}"
    yield from wrapped(f"{claim.who or 'Somebody'} carries it out in another clone: {told}", "cyan")
    sign = f"Its last sign is of {minute(claim.sign)}; " if claim.sign else ""
    told = f"{sign}looked at {minute(heard.looked)}: `mission status --fetch` looks again"
    yield from wrapped(told, "")
    if heard.there.paused is not None:
        yield from wrapped(f"It is paused: {heard.there.paused}", "yellow")


def row_lines(heard: Elsewhere) -> Iterator[str]:
    """The rows that another clone has, and those that wait there for a person."""
    rows = heard.there.rows
    if not rows:
        return
    where = heard.claim.host if heard.claim is not None else "another clone"
    yield ""
    yield paint(printable(f"On {where} ({len(rows)})"), "cyan")
    names = max(display_width(printable(row.task)) for row in rows[:_MANY])
    for row in rows[:_MANY]:
        name = printable(row.task)
        lead = f"  {name}{' ' * (names - display_width(name))}  "
        room = max(20, screen_width() - display_width(lead))
        first, *others = wrap(printable(_row_there(row)), room) or [""]
        yield lead + first
        yield from (" " * display_width(lead) + line for line in others)
    if len(rows) > _MANY:
        yield f"  … and {len(rows) - _MANY} more"


def _row_there(row: RowThere) -> str:
    since = f" since {minute(row.since)}" if row.since is not None else ""
    tried = f"{row.agent}, attempt {row.attempt}{since}" if row.attempt is not None else ""
    step = row.step if row.status == "in-progress" else None
    return "; ".join(filter(None, [row.status, tried, step, row.why]))


def answer_lines(heard: Elsewhere) -> Iterator[str]:
    """What became of the last requests from other clones."""
    if heard.answers:
        yield ""
        yield paint("Answered", "bold")
    for answer in heard.answers[-_FEW:]:
        told = f"{minute(answer.at)} {answer.kind} by {answer.by}: {answer.told}"
        yield from (f"  {line}" for line in wrap(printable(told), screen_width() - 2))
