"""What people read in Prefect of a run, and of Prefect's record where the run ends. No Prefect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from orchestrator.run_end import RunEnd  # who only reads these words does without a run

_LONGEST = 200  # characters of a name

Word = Literal["Completed", "Failed", "Cancelled"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FinalState:
    """A flow run's last state."""

    word: Word  # how Prefect calls it
    message: str  # what `mission run` says with its exit code


def run_name(given: Mapping[str, Any]) -> str:
    """What people see in Prefect: the mission's folder, and what of it was asked for.

    Args:
        given: The flow's parameters.
    """
    path = Path(str(given.get("path") or ".")).resolve()
    milestone = given.get("milestone") or ()
    asked = [milestone] if isinstance(milestone, str) else [*milestone]
    name = path.parent.name if path.suffix else path.name
    return " ".join([name, *asked, *(given.get("tasks") or ())])[:_LONGEST]


def final_state(end: RunEnd) -> FinalState:
    """The last state of a flow run whose mission ended so."""
    counts = ", ".join(f"{count} {status}" for status, count in end.counts.items()) or "no rows"
    if end.stopped:
        why = f"Stopped: {end.stopped}. Run again to carry on. Rows: {counts}"
        return FinalState(word="Cancelled" if end.interrupted else "Failed", message=why)
    if end.exit_code != 0:
        named = ", ".join(end.undone)
        return FinalState(word="Failed", message=f"Not done: {named}. Rows: {counts}")
    return FinalState(word="Completed", message=f"Rows: {counts}")


def gaps(troubles: Sequence[str]) -> str:
    """One line for people about what Prefect's record of a run lacks: a server that is away is the
    cause of many troubles."""
    first, *others = troubles
    more = f" (and {len(others)} more like it)" if others else ""
    return f"Prefect's record of this run has gaps: {first}{more}"


def no_record(why: str) -> str:
    """One line for people about a record that nobody keeps, or nobody any more."""
    return f"Prefect keeps no record of this run: {why}"
