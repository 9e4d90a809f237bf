"""Scripted CI: what each push starts, and how it goes on. Nothing happens by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count


class JobState(StrEnum):
    """Where a job is. The dialects have their own words for it."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    ODD = "odd"  # a word that no API description has


@dataclass
class Job:
    """One job of one run."""

    id: int
    name: str
    commit: str
    branch: str
    script: list[JobState]  # each look at it goes one further; the last state stays
    created: str

    def look(self) -> JobState:
        """Its state, for one answer."""
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@dataclass
class ScriptedCi:
    """The CI of one repository."""

    names: tuple[str, ...] = ("build",)  # the jobs that a push starts; none: it registers nothing
    start: tuple[JobState, ...] = (JobState.SUCCESS,)  # how a new job goes on
    plans: dict[str, tuple[JobState, ...]] = field(default_factory=dict)  # the same, by branch
    jobs: list[Job] = field(default_factory=list)
    _ids: count[int] = field(default_factory=lambda: count(1))

    def pushed(self, branch: str, commit: str) -> None:
        """A branch got a new head."""
        for name in self.names:
            self.add(branch, commit, name, self.plans.get(branch, self.start))

    def add(self, branch: str, commit: str, name: str, script: Sequence[JobState]) -> Job:
        """Start a job."""
        job = Job(
            id=next(self._ids),
            name=name,
            commit=commit,
            branch=branch,
            script=list(script),
            created=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        )
        self.jobs.append(job)
        return job

    def release(self, state: JobState = JobState.SUCCESS, *, branch: str | None = None) -> int:
        """End what is queued or running, of one branch or of all; how many there were."""
        held = [
            job
            for job in self.jobs
            if job.script[-1] in (JobState.QUEUED, JobState.RUNNING)
            and branch in (None, job.branch)
        ]
        for job in held:
            job.script = [state]
        return len(held)

    def of(self, commit: str) -> list[Job]:
        """The jobs of a commit, the newest first."""
        return [job for job in reversed(self.jobs) if job.commit == commit]
