"""What Tab offers after `mission`: commands, rows, milestones, statuses, options.

It answers while somebody waits with a finger on a key: nothing is started, no server is asked, and
of the commands only the one whose options are wanted is imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, MutableMapping, Sequence

from cli.help_page import GROUPS
from errors import MissionError
from mission.place import Place
from mission.plan import read_plan
from mission.state import Status
from tasks_md.model import Plan

#: Where the shell says which of the words is being typed; the words are the arguments.
VARIABLE = "_MISSION_COMPLETE"
SHELLS = ("bash", "zsh", "fish")

# command -> the status of the rows that it is for; None: of any
_OF_ROWS: Mapping[str, Status | None] = {
    "approve": Status.NEEDS_QA,
    "reject": Status.NEEDS_QA,
    "retry": Status.FAILED,
    "unblock": Status.BLOCKED,
    "stop": Status.IN_PROGRESS,
    "show": None,
    "log": None,
    "history": None,
    "set": None,
}
_OF_PLAN = ("--milestone", "--task")  # options whose value is of the plan
_GROUPS = frozenset({"gate", "tier", "server", "gateway"})  # that have commands of their own


def answer_shell(environ: MutableMapping[str, str]) -> None:
    """Print what fits, a word a line, where a shell has asked for that; then the process ends."""
    asked = environ.pop(VARIABLE, None)
    if asked is None:
        return
    at = int(asked) if asked.isascii() and asked.isdigit() else 0
    words = sys.argv[1 : at + 1]
    offered = offers(words[:-1], words[-1]) if words and len(words) == at else []
    sys.stdout.write("".join(f"{word}\n" for word in offered))
    sys.stdout.flush()
    os._exit(0)  # nothing is open, and taking the modules apart takes a while


def offers(before: Sequence[str], typed: str) -> list[str]:
    """The words that may stand where `typed` is begun; none where a file's name may.

    Args:
        before: The words between `mission` and there.
    """
    return [word for word in dict.fromkeys(_words(before, typed)) if word.startswith(typed)]


def _words(before: Sequence[str], typed: str) -> Iterable[str]:
    if not before:
        return [*(name for group in GROUPS.values() for name in group), "--help", "--version"]
    command = before[0]
    if typed.startswith("-") or (command in _GROUPS and len(before) == 1):
        return _of_command(before)
    if command == "completion":
        return SHELLS
    if command in _OF_ROWS or command == "expand" or before[-1] in _OF_PLAN:
        plan = _plan(before[1:])
        return () if plan is None else _of_plan(plan, before)
    return ()


def _of_plan(plan: Plan, before: Sequence[str]) -> Iterable[str]:
    command, last = before[0], before[-1]
    if last == "--milestone" or (command == "expand" and last != "--task"):
        return [milestone.id for milestone in plan.milestones]
    if command == "set" and last in plan.by_id:
        return [status.value for status in Status]
    fit = [task.id for task in plan.tasks if task.status == _OF_ROWS.get(command)]
    # Where no row has the status, whoever types sees which rows there are.
    return [row for row in fit or plan.by_id if row not in before]


def _plan(words: Sequence[str]) -> Plan | None:
    """The plan that the words name, or the one here; None where there is none to be read."""
    # `Path.exists` raises where a word is too long for a name; a half-typed one may be anything.
    named = next((word for word in words if os.path.exists(word)), None)  # noqa: PTH110
    try:
        return read_plan(Place.find(named))
    except (MissionError, OSError, ValueError):  # whoever types the command is told
        return None


def _of_command(before: Sequence[str]) -> list[str]:
    """The options of the command that is typed, and the commands of a group."""
    from cli.lazy import options_of  # noqa: PLC0415 - typer takes as long as all the rest
    from cli.main import app  # noqa: PLC0415 - imports typer, as above

    return options_of(app, before)
