"""Verification of trees: what passed once is not run again, what changed is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from errors import MissionError, StoppedError
from gates.verification import StepEnd, run_steps
from mission.config import MissionConfig, VerifyStep
from mission.journal import Attempt, Journal
from mission.journal.kinds import Verified
from mission.place import Place
from orchestrator.ports.display import Display
from orchestrator.ports.row_stop import RowStop
from orchestrator.workplace.commit_files import VERIFY, commit_files
from orchestrator.workplace.preparing import Preparing
from tasks_md.model import Task
from workspace.process import Stop
from workspace.redact import Redactor
from workspace.repository import Repository
from workspace.worktree import Worktree
from workspace.worktrees import Worktrees


class VerificationError(MissionError):
    """A verify step failed. The message ends with the step's last lines."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FinishedWork:
    """A row whose finished work is on its way to the base."""

    task: Task
    attempt: Attempt
    stop: RowStop = field(default_factory=RowStop, compare=False)  # the row's


def steps_for(config: MissionConfig, task: Task) -> list[VerifyStep]:
    """The steps of this row: its own where `tasks:` names some, else the mission's."""
    own = config.tasks.get(task.id)
    if own is not None and own.verify is not None:
        return own.verify
    return config.verify


@dataclass(frozen=True, kw_only=True)
class Verifier:
    """Runs the verify steps on trees, in fresh and full checkouts, each once."""

    place: Place
    config: MissionConfig
    journal: Journal
    repository: Repository
    worktrees: Worktrees
    preparing: Preparing
    redactor: Redactor
    display: Display
    stop: Stop

    def verify_branch(self, row: FinishedWork, commit: str) -> None:
        """Run the steps that are for branches on a branch as it is committed.

        Not in the agent's worktree: files that git does not hold, flags of its index and the like
        let a step pass there and nowhere else. Where the base does not move meanwhile, the tree is
        the one that lands, and is not verified again.

        Raises:
            VerificationError: One of them failed.
        """
        tree = self.repository.git.tree(commit)
        steps = [step for step in self._open_steps([row], tree) if "branch" in step.on]
        self._verify([row], steps, commit, tree, stop=row.stop)

    def verify_squash(self, rows: Sequence[FinishedWork], commit: str) -> None:
        """Run, on a squashed result of `rows`, every step of theirs that its tree has not passed
        yet.

        The steps for branches are among them: the tree that was verified on the branch is another
        one as soon as the base has moved. What is found is journalled for the last of the rows.

        Raises:
            VerificationError: One of them failed.
        """
        tree = self.repository.git.tree(commit)
        self._verify(rows, self._open_steps(rows, tree), commit, tree, stop=self.stop)

    def _verify(
        self,
        rows: Sequence[FinishedWork],
        steps: Sequence[VerifyStep],
        commit: str,
        tree: str,
        *,
        stop: Stop,
    ) -> None:
        if steps:
            name, number = f"{rows[-1].task.id}.{VERIFY}", rows[-1].attempt.number
            with commit_files(self.worktrees, name, number, commit=commit, full=True) as place:
                self.preparing.fill(place.path, commit)
                self._run(rows, steps, place, tree, stop)

    def is_verified(self, row: FinishedWork, commit: str) -> bool:
        """Whether the tree of `commit` has passed every step of the row."""
        return not self._open_steps([row], self.repository.git.tree(commit))

    def _open_steps(self, rows: Sequence[FinishedWork], tree: str) -> list[VerifyStep]:
        """The steps of `rows` that this tree has not passed yet."""
        steps: list[VerifyStep] = []
        passed: list[VerifyStep] = []
        for row in rows:
            ran = self._passed(row, tree)
            for step in steps_for(self.config, row.task):
                known = passed if self._digest(step) in ran else steps
                if step not in known:
                    known.append(step)
        return [step for step in steps if step not in passed]

    def _passed(self, row: FinishedWork, tree: str) -> set[str]:
        """The row's steps, by digest, that this tree has passed."""
        return {
            str(event.what.command)
            for event in self.journal.events(Verified, task=row.task.id)
            if event.what.tree == tree and event.what.ok
        }

    def _run(
        self,
        rows: Sequence[FinishedWork],
        steps: Sequence[VerifyStep],
        place: Worktree,
        tree: str,
        stop: Stop,
    ) -> None:
        last = rows[-1]
        together = [row.task.id for row in rows]

        digests = {step.name: self._digest(step) for step in steps}

        def record(end: StepEnd) -> None:
            verified = Verified(
                step=end.name,
                command=digests[end.name],
                tree=tree,
                ok=end.passed,
                reason=end.reason,
                seconds=round(end.seconds, 3),
                exit_code=end.exit_code,
                log=str(end.log),
                together=tuple(together) if len(rows) > 1 else (),
            )
            self.journal.record(verified, task=last.task.id, attempt=last.attempt.id)

        for name in together:
            self.display.doing(name, "verifies", ", ".join(step.name for step in steps))
        logs = self.place.logs / f"verify-{last.attempt.id}"
        with self.worktrees.lent(place, returns=False):
            end = self.preparing.for_checks(place.path, stop, logs / "prepare")
            if end is None:
                end = run_steps(
                    steps, place.path, stop, logs, redact=self.redactor.line, on_step=record
                )
        if stop.requested:
            raise StoppedError(f"stopped while verifying: {stop.reason}")
        if end is not None:
            others = f"together with {', '.join(together[:-1])}: " if len(rows) > 1 else ""
            raise VerificationError(f"{others}{end.note}", hint=f"See {end.log}")

    def _digest(self, step: VerifyStep) -> str:
        """What a step runs, and what ran before it: one whose command was changed meanwhile has
        vouched for nothing."""
        runs: list[object] = [step.name, *step.run]
        worktree = self.config.worktree
        before: list[object] = [one.run for one in worktree.prepare]
        if worktree.submodules:
            before.append(worktree.submodules)
        return hashlib.sha256(json.dumps([runs, before] if before else runs).encode()).hexdigest()
