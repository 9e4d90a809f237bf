"""Candidates: several branches squashed one on another, to be verified and to land as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from errors import (
    GitError,
    MergeConflictError,
    MissionError,
    NothingToMergeError,
    SingleWriterError,
    UnapprovedError,
)
from mission.place import Place
from orchestrator.merging.squashing import Squashing
from orchestrator.ports.display import Display
from orchestrator.workplace.verifying import FinishedWork, VerificationError, Verifier
from policy.batch import StepResult, StepState
from workspace.repository import Repository


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A chain of squash commits on a base. Until it lands, only a ref of ours points to it."""

    base: str
    rows: tuple[FinishedWork, ...]
    commits: Mapping[str, str]  # by task, the commit that holds its work
    parents: Mapping[str, str]  # by task, the commit that its work was put on
    tip: str  # the last commit; the base if no row brings anything

    def adds(self, row: FinishedWork) -> bool:
        """Whether the row's work is not in what it was put on already."""
        return self.commits[row.task.id] != self.parents[row.task.id]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """What came of a candidate."""

    answer: StepResult
    candidate: Candidate | None = None  # None: one of the rows does not go into it
    error: MissionError | None = None  # what is to be said to the row that is to blame


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Squash commits that are tried and verified before the base moves to them."""

    squashing: Squashing
    verifier: Verifier
    place: Place
    repository: Repository
    display: Display

    def try_candidate(self, base: str, rows: Sequence[FinishedWork]) -> Tried:
        """Squash `rows` in their order onto `base`, and verify the result as a whole.

        Raises:
            StoppedError: The run was stopped meanwhile.
        """
        commits: dict[str, str] = {}
        parents: dict[str, str] = {}
        tip = base
        for row in rows:
            name = row.task.id
            self.display.doing(name, "merges", "in a batch" if len(rows) > 1 else "")
            parents[name] = tip
            try:
                tip = self.squashing.squash_onto(row, tip)
            except NothingToMergeError:
                self.display.say(f"{name}: the base holds its work already")
            except MergeConflictError as conflict:
                return _kept_out(name, StepState.CONFLICT, conflict)
            except (SingleWriterError, UnapprovedError, GitError) as refused:
                return _kept_out(name, StepState.REFUSED, refused)
            commits[name] = tip
        if tip != base:
            self.repository.git.move_refs(f"update {self._waiting(rows[-1])} {tip}")
        candidate = Candidate(
            base=base, rows=tuple(rows), commits=commits, parents=parents, tip=tip
        )
        return self.verify_candidate(candidate)

    def forget_candidates(self, rows: Sequence[FinishedWork]) -> None:
        """Drop the refs that kept what was squashed of `rows` from being pruned (git-gc(1)) while
        it waited at its gates."""
        self.repository.git.move_refs(*(f"delete {self._waiting(row)}" for row in rows))

    def _waiting(self, row: FinishedWork) -> str:
        """The ref of a candidate, by its last row."""
        return f"refs/mission-runner/waiting/{self.place.state_dir.name}/{row.attempt.id}"

    def verify_candidate(self, candidate: Candidate) -> Tried:
        """Verify a candidate as a whole; steps that its tree has passed are not run again.

        Raises:
            StoppedError: The run was stopped meanwhile.
        """
        if candidate.tip == candidate.base:
            return Tried(answer=StepResult(state=StepState.GREEN), candidate=candidate)
        try:
            self.verifier.verify_squash(candidate.rows, candidate.tip)
        except VerificationError as red:
            return Tried(
                answer=StepResult(state=StepState.RED, log=red.hint),
                candidate=candidate,
                error=red,
            )
        return Tried(answer=StepResult(state=StepState.GREEN), candidate=candidate)


def _kept_out(name: str, state: StepState, error: MissionError) -> Tried:
    return Tried(answer=StepResult(state=state, item=name), error=error)
