"""Where the plan with its statuses is: in the checkout that has the base, or beside the journal.

Statuses follow the base, and a checkout of something else is left alone. So whoever writes a plan
keeps a copy: while something else is checked out it is the plan, and as the writer goes it is left
for those who look on from another branch. A reader takes two small files, and starts no process.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mission.place import TASK_FILE, Place, own_git_dir
from mission.private import new_private, write_private

_STATE = "plan.json"
_REF = "ref: "
_HIDDEN = "refs/heads/.invalid"  # what HEAD says where refs are kept in tables


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyState:
    """What the writer noted of the copy."""

    base: str  # the full name of the base's branch
    away: bool  # the copy is the plan, until the base is checked out and a writer comes


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherBranch:
    """Something else than the base is checked out, and the plan is read from its copy."""

    checked_out: str  # the branch, or words that say that there is none
    base: str  # the branch that the plan and its statuses are of
    path: Path  # the copy


def copy_of(place: Place) -> Path:
    """Where the copy lies; it need not be there."""
    return place.state_dir / TASK_FILE


def plan_file(place: Place) -> Path:
    """The file that has the plan with its statuses now."""
    found = other_branch(place)
    return place.task_file if found is None else found.path


def other_branch(place: Place) -> OtherBranch | None:
    """What is checked out where the plan is read from the copy; None: it is read from the
    checkout."""
    state, copy = read_state(place), copy_of(place)
    if state is None:
        return None
    head = head_of(place)
    with suppress(OSError):  # an agent may not look there
        if (state.away or is_away(head, state.base)) and copy.is_file():
            return OtherBranch(
                checked_out=named(head), base=state.base.removeprefix("refs/heads/"), path=copy
            )
    return None


def named(head: str) -> str:
    """What a HEAD is on, as people call it."""
    branch = head.removeprefix(f"{_REF}refs/heads/")
    return f"no branch, but {head[:10]}" if branch == head else branch


def is_away(head: str, base: str) -> bool:
    """Whether a checkout whose HEAD says this is on something else than the base's branch."""
    return head not in ("", f"{_REF}{base}", f"{_REF}{_HIDDEN}")


def head_of(place: Place) -> str:
    """What the HEAD of the plan's checkout says; empty where nobody can tell."""
    if place.repository is None:
        return ""
    try:
        return (own_git_dir(place.repository) / "HEAD").read_text(errors="surrogateescape").strip()
    except OSError:
        return ""


def read_state(place: Place) -> CopyState | None:
    """What the last writer noted; None where there was none, or it cannot be read."""
    try:
        said = json.loads((place.state_dir / _STATE).read_bytes())
        return CopyState(base=str(said["base"]), away=said["away"] is True)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_state(place: Place, state: CopyState) -> None:
    """Note it.

    Raises:
        OSError: It cannot be written.
    """
    fresh = place.state_dir / f".{_STATE}.new"
    write_private(fresh, json.dumps({"base": state.base, "away": state.away}))
    fresh.replace(place.state_dir / _STATE)


def write_copy(place: Place, data: bytes) -> None:
    """Put the plan there.

    Raises:
        OSError: It cannot be written.
    """
    copy = copy_of(place)
    fresh = copy.with_name(f".{copy.name}.copy")
    fresh.unlink(missing_ok=True)
    with new_private(fresh) as file:
        file.write(data)
    fresh.replace(copy)
