"""What a person may do about a row now, and how to go to where its agent worked."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mission.journal import Attempt
from mission.place import Place
from mission.state import Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One thing that may be done."""

    command: str  # of `mission`
    does: str  # a few words for people
    option: str = ""  # behind the row's id

    def typed(self, *words: str) -> str:
        """What a person types; `words` are a path, if need be, and the row's id."""
        quoted = " ".join(shlex.quote(word) for word in words)
        return " ".join(filter(None, ("mission", self.command, quoted, self.option)))


_CHOICES: Final[Mapping[Status, tuple[Choice, ...]]] = {
    Status.NEEDS_QA: (
        Choice(command="approve", does="merge it"),
        Choice(command="reject", does="have it done again"),
    ),
    Status.FAILED: (Choice(command="retry", does="try it again"),),
    Status.BLOCKED: (Choice(command="unblock", does="go on, once the reason is gone"),),
    Status.IN_PROGRESS: (
        Choice(command="log", option="-f", does="look on"),
        Choice(command="stop", does="end it, and keep its work"),
    ),
}


def choices(status: str) -> tuple[Choice, ...]:
    """What there is to choose for a row of this status."""
    return _CHOICES.get(Status(status), ()) if status in set(Status) else ()


def attach(place: Place, attempt: Attempt) -> str:
    """What to type to go to where the agent worked, and on in its session; empty where neither is
    there any more.

    Raises:
        ConfigError: `mission.yaml` cannot be understood.
    """
    if attempt.worktree is None or not Path(attempt.worktree).is_dir():
        return ""
    from agents import registry  # noqa: PLC0415 - takes as long as all the rest of a page
    from mission.config import load_config  # noqa: PLC0415 - the same

    known = registry.known(attempt.agent, load_config(place.config_file))
    resume: tuple[str, ...] = ()
    if known is not None and attempt.session is not None:
        resume = registry.attach(known, attempt.session)
    there = f"cd {shlex.quote(attempt.worktree)}"
    return f"{there} && {shlex.join(resume)}" if resume else there
