"""Every built-in operation, by the name that `tasks: {ID: {run: NAME}}` uses."""

from __future__ import annotations

from orchestrator.closing import close_milestone
from orchestrator.operations import Operation, noop

OPERATIONS: dict[str, Operation] = {
    "close-milestone": close_milestone,
    "noop": noop,
}
