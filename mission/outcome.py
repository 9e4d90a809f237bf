"""How attempts end, and what a person should do about each end."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Outcome(StrEnum):
    """How an agent's attempt ended. Nothing counts as success on the tool's word alone."""

    SUCCESS = "success"
    NEEDS_QA = "needs-qa"  # the agent asks for a person before the merge
    NO_CHANGES = "no-changes"  # it ended well, and the worktree is as it was
    REFUSED = "refused-permissions"
    AUTHENTICATION = "authentication"
    QUOTA = "quota"  # used up: until `retry_at`, or until a person acts
    RATE_LIMIT = "rate-limit"  # too fast: until `retry_at`
    OVERLOADED = "overloaded"
    BAD_REQUEST = "bad-request"
    OUT_OF_TURNS = "out-of-turns"
    BUDGET = "budget"
    SILENT = "silent-too-long"
    TIMED_OUT = "timed-out"
    STOPPED = "stopped"  # by us, because a person stopped the run
    KILLED = "killed"  # by a signal that we did not send
    CRASHED = "crashed"  # it ended with an error of its own
    BLOCKED = "blocked"  # the agent says that something outside its task is missing


#: Ends for which the provider is the reason: it takes no work for a while, from anyone.
LIMITS = frozenset({Outcome.RATE_LIMIT, Outcome.QUOTA, Outcome.OVERLOADED})

#: What a person should do, one line for each outcome; `advised` puts the row's id in.
ADVICE: Mapping[Outcome, str] = {
    Outcome.SUCCESS: "Nothing: the runner verifies and merges it",
    Outcome.NEEDS_QA: "Look at the branch, then `mission approve ID` or `mission reject ID`",
    Outcome.NO_CHANGES: "Read the log for what the agent did instead, make the description clearer,"
    " then `mission retry ID`",
    Outcome.REFUSED: "Allow what it asked for under `agents:` in mission.yaml (`allow`, `sandbox`),"
    " or take it out of the task, then `mission unblock ID`",
    Outcome.AUTHENTICATION: "Log the tool in, or set its key in the environment of the run, then"
    " `mission unblock ID`",
    Outcome.QUOTA: "Wait until it is refilled, or buy more; the run goes on by itself",
    Outcome.RATE_LIMIT: "Nothing: the run waits for this provider and goes on by itself",
    Outcome.OVERLOADED: "Nothing: the run asks again; the provider's status page says more",
    Outcome.BAD_REQUEST: "Read the reason: often a model name or a setting under `agents:` in"
    " mission.yaml; then `mission unblock ID`",
    Outcome.OUT_OF_TURNS: "Split the task, or raise `max_turns` of the agent",
    Outcome.BUDGET: "Raise the task's estimate or its budget, then `mission unblock ID`",
    Outcome.SILENT: "Read the end of its log (`mission log ID`); raise"
    " `timeouts.silence` if the work is that slow",
    Outcome.TIMED_OUT: "Split the task, or raise `timeouts.total` of the agent",
    Outcome.STOPPED: "Type `mission run` to go on",
    Outcome.KILLED: "Look for the out-of-memory killer in the system's log",
    Outcome.CRASHED: "Read the end of its log (`mission log ID`)",
    Outcome.BLOCKED: "Provide what the reason names, then `mission unblock ID`",
}


def advised(text: str, task: str) -> str:
    """Advice with commands that can be typed as they are: about this row, or planned milestone."""
    return text.replace(" ID`", f" {task}`")
