"""Verification: the project's own checks, run in a worktree before anything merges."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from errors import ProcessError
from mission.config import VerifyStep
from workspace.process import ProcessSpec, Stop, allowed_environment, run_process


@dataclass(frozen=True, kw_only=True, slots=True)
class StepEnd:
    """How one step ended."""

    name: str
    passed: bool
    reason: str  # one line: why it did not pass; empty when it did
    seconds: float
    exit_code: int | None  # None: it did not end by itself, or could not start
    tail: str  # the last lines that it printed
    log: Path  # everything that it printed

    @property
    def note(self) -> str:
        """For the row's note: the reason and the last lines."""
        return f"{self.reason}\n{self.tail}".strip()


Redact = Callable[[bytes], bytes]
OnStep = Callable[[StepEnd], None]


def _ignore_step(_end: StepEnd) -> None:
    """For callers that record nothing."""


def run_steps(
    steps: Sequence[VerifyStep],
    folder: Path,
    stop: Stop,
    logs: Path,
    *,
    redact: Redact | None = None,
    on_step: OnStep = _ignore_step,
    called: str = "verify step",
) -> StepEnd | None:
    """Run `steps` in `folder`, in order, up to the first that does not pass.

    Args:
        logs: A folder; each step gets a log file of its own in it.
        redact: Takes secrets out of what is logged and noted.
        on_step: Told each end as it happens.
        called: What messages call a step, before its name.

    Returns:
        The first step that did not pass; None when all did.
    """
    for number, step in enumerate(steps, start=1):
        log = logs / f"{number:02}-{_slug(step.name)}.log"
        end = _run_step(step, folder, stop, log, redact, called)
        on_step(end)
        if not end.passed:
            return end
    return None


def _run_step(
    step: VerifyStep, folder: Path, stop: Stop, log: Path, redact: Redact | None, called: str
) -> StepEnd:
    spec = ProcessSpec(
        argv=tuple(step.run),
        cwd=folder,
        environment=allowed_environment(step.environment),
        log=log,
        total=step.timeout,
        redact=redact,
    )
    try:
        end = run_process(spec, stop)
    except ProcessError as error:
        return StepEnd(
            name=step.name,
            passed=False,
            reason=f"{called} {step.name} cannot be run: {error}",
            seconds=0.0,
            exit_code=None,
            tail="",
            log=log,
        )
    if end.ended_by != "exit":
        reason = f"{called} {step.name} ended by {end.ended_by} after {end.seconds:.0f} s"
    elif end.exit_code is None:
        reason = f"{called} {step.name} was killed by signal {end.signal}"
    elif end.exit_code:
        reason = f"{called} {step.name} failed with exit code {end.exit_code}"
    else:
        reason = ""
    return StepEnd(
        name=step.name,
        passed=not reason,
        reason=reason,
        seconds=end.seconds,
        exit_code=end.exit_code,
        tail=end.tail,
        log=log,
    )


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "step"
