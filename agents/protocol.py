"""The boundary to a coding-agent tool: a brief goes in, a result comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from agents.lookup import Lookup
from mission.config import SandboxConfig
from mission.outcome import Outcome
from mission.usage import Usage
from workspace.process import Stop


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """How long an agent may take."""

    start: timedelta = timedelta(minutes=2)  # until its first output
    silence: timedelta = timedelta(minutes=15)  # between two outputs
    total: timedelta = timedelta(hours=2)


#: Gets a pid and when that process started (`workspace.alive.started`), for the journal.
OnStart = Callable[[int, float], None]


#: Gets the session, once it is known, and what the attempt has used so far, as they change. Says
#: why the tool has to be ended now, where a limit wants that.
OnProgress = Callable[[str | None, Usage], str | None]


@dataclass(kw_only=True, slots=True)
class Started:
    """What `agents.tool.run_tool` notes for whoever configured the agent."""

    confined: bool = False  # a tool was started, in the sandbox that the brief names


@dataclass(frozen=True, kw_only=True, slots=True)
class Brief:
    """Everything that an agent gets."""

    task: str  # the row's id
    attempt: int  # numbered from 1 within the task
    agent: str  # the name in the file: codex, sonnet, ...
    text: str  # the brief itself, Markdown (agents.brief writes it)
    worktree: Path  # where it works
    log: Path  # everything that the tool printed, secrets redacted
    scratch: Path  # a folder of the attempt's own outside the worktree: the brief, git settings
    environment: Mapping[str, str]  # all that the tool gets to see
    sandbox: SandboxConfig = field(default_factory=SandboxConfig)  # what keeps it in its worktree
    started: Started = field(default_factory=Started, compare=False)
    programs: Path | None = None  # whose files an argv means, where the worktree's are another's
    timeouts: Timeouts = field(default_factory=Timeouts)
    resume: str | None = None  # the session of an attempt that was cut off
    resumed: Usage = field(default_factory=Usage)  # what that session had used before
    token_limit: int | None = None  # it is ended once it has used more
    lookup: Lookup | None = None  # where it looks the mission up; None: nowhere
    on_start: OnStart | None = None  # told the pid of the tool's supervisor, and its start time
    on_progress: OnProgress | None = None  # told what must not be lost when the run is killed


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What an agent's attempt came to."""

    outcome: Outcome
    summary: str  # what the agent says it did, or the exact reason; bounded
    answer: str = ""  # all of its last message, for those that were asked for one; bounded
    usage: Usage = field(default_factory=Usage)
    session: str | None = None  # with which it can be resumed
    exit_code: int | None = None
    log: Path | None = None
    denied: str = ""  # what the tool was not allowed to do, although it went on; one line
    retry_at: datetime | None = None  # for rate limits and quotas, where the tool says so


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentEvent:
    """One thing that an agent did, in our own small vocabulary, for the live display."""

    kind: str  # started, said, used-tool, changed-files, retrying, usage, ended
    text: str  # one line, secrets redacted


OnEvent = Callable[[AgentEvent], None]


def ignore_event(_event: AgentEvent) -> None:
    """For callers that show nothing."""


class Agent(Protocol):
    """A coding-agent tool."""

    @property
    def name(self) -> str:
        """The name of the adapter: command, fake, claude, codex, ..."""

    def missing(self) -> str | None:
        """What keeps this agent from running on this machine, with its remedy; None if nothing."""

    def run(self, brief: Brief, stop: Stop, on_event: OnEvent = ignore_event) -> Result:
        """Carry the brief out in its worktree. Blocks; `stop` ends it. Raises nothing on failure:
        every way to fail is an `Outcome`."""
