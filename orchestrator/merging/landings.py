"""How a verified candidate becomes the base: pushed by us, or squashed by the forge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from errors import BaseMovedError, BrokenBaseError, GitError, RemoteAwayError
from forges.pulls import PullRequests
from mission.journal.kinds import ForgeRaced
from orchestrator.context import Context
from orchestrator.merging.candidates import Candidate
from orchestrator.merging.pulling import merge_pull, settle_pull
from orchestrator.workplace.verifying import (
    Row,
    VerificationError,
)
from workspace import landing


class Landings(Protocol):
    """Lands candidates. The base's lock is held around both methods."""

    @property
    def size(self) -> int:
        """How many rows may land together."""

    @property
    def names_base(self) -> bool:
        """Whether landing itself says which base it expects, so that nobody need look before."""

    def land(self, candidate: Candidate) -> Mapping[str, str]:
        """Make the base hold the candidate; by task, the commit that holds its work there.

        Raises:
            BaseMovedError: The base is elsewhere; nothing was done.
            GitError: The remote refuses, or nobody can tell.
            ForgeError: The forge will not, or did not answer in time.
        """

    def conclude(self, row: Row, commit: str, *, landed: bool) -> None:
        """What is left once the base holds the row's work; also after a crash.

        Args:
            landed: Whether it landed as `commit`; else the base held it already.

        Raises:
            BrokenBaseError: The base holds a tree that does not pass the row's verification.
            ForgeError: The forge did not do what was asked.
        """


class PushLandings:
    """One push for the whole candidate, which the remote takes only on the base that was verified.

    Between looking and landing nobody can come in: the push names the commit that it expects.
    """

    names_base = True

    def __init__(self, context: Context) -> None:
        self._context = context
        merge = context.config.merge
        self.size = merge.size if merge.strategy == "batch" else 1

    def land(self, candidate: Candidate) -> Mapping[str, str]:
        """See `Landings`."""
        try:
            landing.land(self._context.repository, candidate.tip, candidate.base)
        except (BaseMovedError, RemoteAwayError):
            raise
        except GitError as error:
            if self._context.pulls is None:
                raise
            raise GitError(
                error.message,
                hint="With `merge.strategy: batch` the runner pushes to the base; where only the "
                "forge may, `serial` lets it merge",
            ) from error
        return candidate.commits

    def conclude(self, row: Row, commit: str, *, landed: bool) -> None:
        """See `Landings`."""
        if self._context.pulls is not None:
            settle_pull(self._context, self._context.pulls, row, commit)


class ForgeLandings:
    """The forge's squash merge of one pull request.

    No forge takes the base that is expected along with the head. So the base is read right before,
    and if somebody came in between all the same, what has landed is verified right after.
    """

    size = 1
    names_base = False

    def __init__(self, context: Context, pulls: PullRequests) -> None:
        self._context = context
        self._pulls = pulls
        self._merged: set[int] = set()  # attempts whose pull requests were merged just now

    def land(self, candidate: Candidate) -> Mapping[str, str]:
        """See `Landings`."""
        (row,) = candidate.rows
        commit = merge_pull(self._context, self._pulls, row, candidate.base)
        self._merged.add(row.attempt.id)
        git = self._context.repository.git
        if git.tree(commit) != git.tree(candidate.tip):
            self._context.journal.record(
                ForgeRaced(expected=candidate.base, commit=commit),
                task=row.task.id,
                attempt=row.attempt.id,
            )
            self._context.display.say(
                f"{row.task.id}: {self._context.repository.base} moved in the same instant as the "
                f"forge merged: {commit[:10]} holds more than what was verified"
            )
        return {row.task.id: commit}

    def conclude(self, row: Row, commit: str, *, landed: bool) -> None:
        """See `Landings`."""
        if landed:
            self._verify_landed(row, commit)
        if row.attempt.id not in self._merged:
            settle_pull(self._context, self._pulls, row, commit)

    def _verify_landed(self, row: Row, commit: str) -> None:
        """Nothing to do where this tree has passed: nobody came in between.

        Else the base counts as it is now: what a person mended since is part of it.
        """
        context = self._context
        base = context.repository.base
        tip = context.repository.base_tip()
        if context.verifier.is_verified(row, commit):
            return
        try:
            context.verifier.verify_squash([row], tip)
        except VerificationError as red:
            # At once: whatever would be verified on top of it would be red as well.
            context.stop.give_up(f"{base} at {tip[:10]} does not pass its verification")
            raise BrokenBaseError(
                f"{row.task.id} was merged as {commit[:10]} in the same instant in which {base} "
                f"moved, and {base} at {tip[:10]} does not pass: {red.message}",
                hint=f"Mend {base} (revert {commit[:10]}, or fix it), then `mission unblock PATH "
                f"{row.task.id}`; {red.hint}",
            ) from red
