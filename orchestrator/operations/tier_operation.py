"""What the operations on the storage tier share: their arguments, the gates, their evidence."""

from __future__ import annotations

from pathlib import Path

from errors import ConfigError
from gates.protocol import GateRequest, Purpose
from orchestrator.operations.evidence import OperationEnd, Proof
from orchestrator.operations.operation import Means
from orchestrator.ports.assignment import Assignment
from tiers.config import TierConfig, load_tier_config


class TierOperation:
    """A row that runs an operation on the tier."""

    def __init__(self, means: Means, assignment: Assignment) -> None:
        """The row of `assignment`. Its `with` has nothing but what the catalogue lists: else the
        run had not started."""
        self.means = means
        self.task = assignment.task.id
        self.proof = Proof()
        self._attempt = assignment.attempt.id
        settings = means.config.tasks.get(self.task)
        self._arguments = dict(settings.with_) if settings is not None else {}

    def argument(self, name: str, default: str = "") -> str:
        """What `with` says."""
        return str(self._arguments.get(name, default))

    def words(self, name: str) -> tuple[str, ...]:
        """What `with` says, where that is a list."""
        given = self._arguments.get(name, [])
        if not isinstance(given, list):
            raise self.mistake(name, "is not a list", "Write it in brackets")
        return tuple(map(str, given))

    def mistake(self, name: str, message: str, hint: str) -> ConfigError:
        """What is wrong with an argument."""
        return ConfigError(f"tasks.{self.task}.with.{name} {message}", hint=hint)

    @property
    def folder(self) -> Path:
        """Where relative paths begin: the top of the repository."""
        return self.means.repository.top

    def config_file(self) -> Path | None:
        """The tier's configuration that `with` names.

        Raises:
            ConfigError: It is outside the repository.
        """
        named = self.argument("config")
        if not named:
            return None
        path = (self.folder / named).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise self.mistake("config", "is outside the repository", "Name a file in it")
        return path

    def config(self) -> TierConfig:
        """The tier's configuration: the file that `with` names, else as found by itself."""
        return load_tier_config(self.config_file(), folder=self.means.place.folder)

    def doing(self, phase: str, detail: str = "") -> None:
        """Show what the row does now."""
        self.means.display.doing(self.task, phase, detail)

    def failed(self, word: str) -> OperationEnd:
        """The end of a row whose check says no."""
        return OperationEnd(ok=False, word=word, evidence=self.proof.evidence)

    def done(self, word: str) -> OperationEnd:
        """The end of a row that is well, once the gates say so, too: the same as for agents' work.

        Raises:
            GateError: The gates refuse, or do not clear in time.
            StoppedError: The run was stopped while it waited.
        """
        base = self.means.repository.base
        request = GateRequest(
            purpose=Purpose.MERGE,
            branch=base,
            base=base,
            commit=self.means.repository.fetch_base(),
        )
        means = self.means
        means.passage.pass_gates(request, task=self.task, attempt=self._attempt, stop=means.stop)
        return OperationEnd(ok=True, word=word, evidence=self.proof.evidence)
