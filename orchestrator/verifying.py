"""Verification of trees: what passed once is not run again, what changed is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gates.verification import StepEnd, run_steps
from mission.config import MissionConfig, VerifyStep
from mission.errors import MissionError, StoppedError
from mission.journal import Attempt, EventKind
from orchestrator.context import Context
from tasks_md.model import Task


class VerificationError(MissionError):
    """A verify step failed. The message ends with the step's last lines."""


def steps_for(config: MissionConfig, task: Task) -> list[VerifyStep]:
    """The steps of this row: its own where `tasks:` names some, else the mission's."""
    own = config.tasks.get(task.id)
    if own is not None and own.verify is not None:
        return own.verify
    return config.verify


def verify_branch(context: Context, task: Task, attempt: Attempt, folder: Path, tree: str) -> None:
    """Run the steps that are for branches in the agent's worktree.

    Raises:
        VerificationError: One of them failed.
    """
    steps = [step for step in steps_for(context.config, task) if "branch" in step.on]
    _run(context, task, attempt, steps, folder, tree)


def verify_squash(context: Context, task: Task, attempt: Attempt, commit: str) -> None:
    """Run, on a squashed result, every step that its tree has not passed yet.

    The steps for branches are among them: the tree that was verified on the branch is another one
    as soon as the base has moved.

    Raises:
        VerificationError: One of them failed.
    """
    tree = context.repository.git.run("rev-parse", f"{commit}^{{tree}}").stdout.strip()
    passed = {
        str(event.data["step"])
        for event in context.journal.events(task=task.id, kind=EventKind.VERIFY)
        if event.data["tree"] == tree and event.data["ok"]
    }
    steps = [step for step in steps_for(context.config, task) if step.name not in passed]
    if not steps:
        return
    place = context.worktrees.ensure(
        f"{task.id}.merged", attempt.number, branch=None, base_commit=commit
    )
    try:
        _run(context, task, attempt, steps, place.path, tree)
    finally:
        context.worktrees.remove(place)


def _run(
    context: Context,
    task: Task,
    attempt: Attempt,
    steps: Sequence[VerifyStep],
    folder: Path,
    tree: str,
) -> None:
    def record(end: StepEnd) -> None:
        context.journal.record(
            EventKind.VERIFY,
            run=context.run,
            task=task.id,
            attempt=attempt.id,
            step=end.name,
            tree=tree,
            ok=end.passed,
            reason=end.reason,
            seconds=round(end.seconds, 3),
            exit_code=end.exit_code,
            log=str(end.log),
        )

    if not steps:
        return
    context.display.doing(task.id, "verifies", ", ".join(step.name for step in steps))
    logs = context.place.logs / f"verify-{attempt.id}"
    end = run_steps(steps, folder, context.stop, logs, redact=context.redactor.line, on_step=record)
    if context.stop.requested:
        raise StoppedError(f"stopped while verifying: {context.stop.reason}")
    if end is not None:
        raise VerificationError(end.note, hint=f"See {end.log}")
