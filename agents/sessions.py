"""A tool's session: gone on with, and begun anew where it can never go on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from agents.protocol import Brief, Result
from mission.outcome import Outcome
from mission.usage import Usage

# What is said of a session that the model takes no more: it is too long, or damaged.
_SPENT = re.compile(
    r"(prompt|input|request|conversation|context) (is|was)? ?too (long|large)"
    r"|context.{0,9}(length|window|limit)|maximum context|tool_(use|result)|no tool output found",
    re.IGNORECASE,
)
_ANEW = """\
An earlier session worked on what follows and cannot go on. What it left is in this folder, as
commits and as files that are not committed yet: look at both first (`git log`, `git status`,
`git diff`), keep what is good, and go on from there."""


def resume_or_start(run: Callable[[Brief], Result], brief: Brief, lost: re.Pattern[str]) -> Result:
    """Go on with the brief's session, or begin one. Where it can never go on, because the tool does
    not know it or the model takes it no more, start anew on what is there: once.

    Args:
        lost: What the tool says when it does not know a session.
    """
    result = run(brief)
    if brief.resume and lost.search(result.summary):
        return run(replace(brief, resume=None, resumed=Usage()))
    if not _is_spent(result, resumed=brief.resume is not None):
        return result
    anew = run(replace(brief, resume=None, resumed=Usage(), text=f"{_ANEW}\n\n{brief.text}"))
    return replace(anew, usage=result.usage.plus(anew.usage))


def _is_spent(result: Result, *, resumed: bool) -> bool:
    """Whether the session can never go on, but another one may."""
    if result.outcome not in (Outcome.BAD_REQUEST, Outcome.CRASHED):
        return False
    if resumed and result.outcome is Outcome.BAD_REQUEST:
        return True
    begun = resumed or not result.usage.nothing  # else the brief itself is what is refused
    return begun and _SPENT.search(result.summary) is not None
