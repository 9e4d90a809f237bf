"""What wakes the loop."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass

from orchestrator.ports.ends import TaskEnd
from tasks_md.model import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class JobEnded:
    """A job is over, for the engine too."""

    task: str
    end: TaskEnd | None  # None: an error of ours escaped
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class FileChanged:
    """The task file, or something beside it that concerns the run, may have changed."""


@dataclass(frozen=True, slots=True)
class Woken:
    """A person left a request in the journal, or the remote can be reached again."""


@dataclass(frozen=True, slots=True)
class StopRequested:
    """A stop was requested."""


@dataclass(frozen=True, slots=True)
class Written:
    """A write of the file is over."""

    result: Future[Plan]


Event = JobEnded | FileChanged | Woken | StopRequested | Written
