"""Folders are made fit to work in, as `worktree` in mission.yaml says, before anybody does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.sandbox import confine
from errors import MissionError, StoppedError
from gates.verification import StepEnd, run_steps
from mission.config import PrepareStep, SandboxConfig, VerifyStep, WorktreeConfig
from mission.journal import Attempt
from mission.place import Place
from workspace.changes import State
from workspace.furnishing import bring, refuse_unignored
from workspace.process import Stop, allowed_environment
from workspace.redact import Redactor
from workspace.submodule_files import SubmoduleFiles
from workspace.worktree import Worktree
from workspace.worktrees import Worktrees

# In a worktree's own git folder, once it is prepared.
_PREPARED = "mission-prepared"
_NAMED = 3  # files in a message


class PreparationError(MissionError):
    """A folder could not be made fit to work in."""


@dataclass(frozen=True, kw_only=True)
class Preparing:
    """Prepares folders."""

    config: WorktreeConfig
    place: Place
    top: Path  # the checkout whose files are brought
    worktrees: Worktrees
    submodules: SubmoduleFiles | None  # None: their folders stay empty
    redactor: Redactor

    @property
    def needed(self) -> bool:
        """Whether there is anything to do."""
        brought = self.config.prepare or self.config.copy_ or self.config.link
        return bool(brought) or self.submodules is not None

    def for_agent(
        self, attempt: Attempt, worktree: Worktree, sandbox: SandboxConfig, stop: Stop
    ) -> None:
        """Prepare the worktree of an attempt, if that was not done yet.

        Commands run in the sandbox of its agent: on its branch may be what an agent wrote.

        Raises:
            PreparationError: A command failed, or what was made would be taken for work.
            UsageError: A file cannot be brought.
            GitError: A submodule cannot be had.
            StoppedError: A stop was requested.
        """
        done = worktree.git_dir / _PREPARED
        if not self.needed or done.exists():
            return
        self.fill(worktree.path, worktree.git.text("rev-parse", "HEAD"))
        before = State.of(worktree).paths
        refuse_unignored(worktree.git, worktree.path, self._bring(worktree.path))
        logs = self.place.logs / f"prepare-{attempt.id}"
        with self.worktrees.lent(worktree, returns=False):
            end = self._run(worktree.path, sandbox, stop, logs)
        if end is not None:
            raise PreparationError(end.note, hint=f"See {end.log}")
        shown = sorted(set(State.of(worktree).paths) - set(before))
        if shown:
            more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
            raise PreparationError(
                f"what prepares {worktree.path} left {', '.join(shown[:_NAMED])}{more}, which git "
                "would take for the row's work",
                hint="Name it in .gitignore, or have the command change nothing that git tracks",
            )
        done.touch()

    def fill(self, folder: Path, commit: str) -> None:
        """Fill the submodules of a checkout of `commit`, before it is lent to be verified.

        Raises:
            GitError: One cannot be had.
            StoppedError: A stop was requested.
        """
        if self.submodules is not None:
            self.submodules.fill(folder, commit)

    def for_checks(self, folder: Path, stop: Stop, logs: Path) -> StepEnd | None:
        """Prepare a checkout that is lent to be verified; the command that failed, if one did.

        Raises:
            UsageError: A file cannot be brought.
            GitError: What is to be verified has a link where a folder belongs.
            StoppedError: A stop was requested.
        """
        self._bring(folder)
        return self._run(folder, SandboxConfig(), stop, logs)

    def _bring(self, folder: Path) -> list[str]:
        copied = bring(self.top, folder, self.config.copy_, link=False)
        return copied + bring(self.top, folder, self.config.link, link=True)

    def _run(self, folder: Path, sandbox: SandboxConfig, stop: Stop, logs: Path) -> StepEnd | None:
        steps = [_confined(step, folder, sandbox) for step in self.config.prepare]
        end = run_steps(
            steps, folder, stop, logs, redact=self.redactor.line, called="the preparation"
        )
        if stop.requested:
            raise StoppedError(f"stopped while preparing: {stop.reason}")
        return end


def _confined(step: PrepareStep, folder: Path, sandbox: SandboxConfig) -> VerifyStep:
    environment = allowed_environment(step.environment)
    return VerifyStep(
        name=_name(step.run),
        run=confine(step.run, folder, sandbox, environment),
        timeout=step.timeout,
        environment=step.environment,
    )


def _name(argv: Sequence[str]) -> str:
    """What a command is called in messages."""
    return " ".join(argv)[:60]
