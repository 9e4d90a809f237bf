"""How a verified candidate becomes the base: pushed by us, or squashed by the forge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from errors import BaseMovedError, BrokenBaseError, GitError, RemoteAwayError
from forges.pulls import PullRequests
from mission.config import MissionConfig
from mission.journal import Journal
from mission.journal.kinds import ForgeRaced
from orchestrator.claiming.claim import Claim
from orchestrator.merging.candidates import Candidate
from orchestrator.merging.pulling import Pulling
from orchestrator.ports.display import Display
from orchestrator.workplace.verifying import FinishedWork, VerificationError, Verifier
from workspace import branches
from workspace.process import Stop
from workspace.repository import Repository


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

    def conclude(self, row: FinishedWork, commit: str, *, landed: bool) -> None:
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

    def __init__(
        self,
        *,
        pulling: Pulling,
        config: MissionConfig,
        repository: Repository,
        pulls: PullRequests | None,
    ) -> None:
        self._pulling = pulling
        self._config = config
        self._repository = repository
        self._pulls = pulls
        merge = config.merge
        self.size = merge.size if merge.strategy == "batch" else 1

    def land(self, candidate: Candidate) -> Mapping[str, str]:
        """See `Landings`."""
        try:
            branches.move_base(self._repository, candidate.tip, candidate.base)
        except (BaseMovedError, RemoteAwayError):
            raise
        except GitError as error:
            if self._pulls is None:
                raise
            raise GitError(
                error.message,
                hint="With `merge.strategy: batch` the runner pushes to the base; where only the "
                "forge may, `serial` lets it merge",
            ) from error
        return candidate.commits

    def conclude(self, row: FinishedWork, commit: str, *, landed: bool) -> None:
        """See `Landings`."""
        if self._pulls is not None:
            self._pulling.settle_pull(self._pulls, row, commit)


class ForgeLandings:
    """The forge's squash merge of one pull request.

    No forge takes the base that is expected along with the head. So the base is read right before,
    and if somebody came in between all the same, what has landed is verified right after.
    """

    size = 1
    names_base = False

    def __init__(
        self,
        pulls: PullRequests,
        *,
        pulling: Pulling,
        verifier: Verifier,
        journal: Journal,
        repository: Repository,
        display: Display,
        stop: Stop,
        claim: Claim,
    ) -> None:
        self._claim = claim
        self._pulling = pulling
        self._verifier = verifier
        self._journal = journal
        self._repository = repository
        self._display = display
        self._stop = stop
        self._pulls = pulls
        self._merged: set[int] = set()  # attempts whose pull requests were merged just now

    def land(self, candidate: Candidate) -> Mapping[str, str]:
        """See `Landings`."""
        (row,) = candidate.rows
        self._claim.prove()  # no push of ours carries it
        commit = self._pulling.merge_pull(self._pulls, row, candidate.base)
        self._merged.add(row.attempt.id)
        git = self._repository.git
        if git.tree(commit) != git.tree(candidate.tip):
            self._journal.record(
                ForgeRaced(expected=candidate.base, commit=commit),
                task=row.task.id,
                attempt=row.attempt.id,
            )
            self._display.say(
                f"{row.task.id}: {self._repository.base} moved in the same instant as the "
                f"forge merged: {commit[:10]} holds more than what was verified"
            )
        return {row.task.id: commit}

    def conclude(self, row: FinishedWork, commit: str, *, landed: bool) -> None:
        """See `Landings`."""
        if landed:
            self._verify_landed(row, commit)
        if row.attempt.id not in self._merged:
            self._pulling.settle_pull(self._pulls, row, commit)

    def _verify_landed(self, row: FinishedWork, commit: str) -> None:
        """Nothing to do where this tree has passed: nobody came in between.

        Else the base counts as it is now: what a person mended since is part of it.
        """
        base = self._repository.base
        tip = self._repository.base_tip()
        if self._verifier.is_verified(row, commit):
            return
        try:
            self._verifier.verify_squash([row], tip)
        except VerificationError as red:
            # At once: whatever would be verified on top of it would be red as well.
            self._stop.give_up(f"{base} at {tip[:10]} does not pass its verification")
            raise BrokenBaseError(
                f"{row.task.id} was merged as {commit[:10]} in the same instant in which {base} "
                f"moved, and {base} at {tip[:10]} does not pass: {red.message}",
                hint=f"Mend {base} (revert {commit[:10]}, or fix it), then `mission unblock "
                f"{row.task.id}`; {red.hint}",
            ) from red
