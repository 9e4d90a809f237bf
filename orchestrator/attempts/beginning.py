"""Where an attempt begins: in which folder, and on which commit.

An attempt goes on with what the one before left. A person's `retry` begins on the current base. A
branch that was there before its row ever ran is somebody's: its row waits until a person has said
whether it is to be taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from errors import GitError
from mission.journal import Attempt, Journal, RequestKind
from mission.journal.kinds import BranchSetAside, Pushed, StatusSet
from orchestrator.ports.display import Display
from orchestrator.workplace.finished import author_of
from policy.beginning import Begin, begin, has_begun, is_anew, looks, word_for
from workspace import changes
from workspace.alive import lives_in
from workspace.foreign import Foreign, Tips, foreign, newest, tips, tips_and_base
from workspace.repository import Repository
from workspace.squash import leftovers_message
from workspace.worktree import Worktree
from workspace.worktrees import Worktrees

_NAMED = 4  # authors in a message


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """Finds or makes the folder that an attempt works in."""

    journal: Journal
    repository: Repository
    worktrees: Worktrees
    display: Display

    def look(self, attempt: Attempt) -> tuple[Tips | None, str]:
        """Where the attempt's branch is, where that matters; and the base's tip. Asks the remote.

        Raises:
            GitError: It cannot be reached, or has no base.
        """
        if attempt.branch is not None:
            worked = self._worked(attempt.branch, before=attempt)
            if looks(self._word(attempt), worked=worked):
                return tips_and_base(self.repository, attempt.branch)
        return None, self.repository.fetch_base()

    def begin(self, attempt: Attempt, base: str, found: Tips | None) -> Worktree:
        """The folder of an attempt that begins; on `base`, or as an earlier one left it.

        Args:
            attempt: It has been journalled, and nothing else.
            base: As `look` found it.
            found: As `look` found it.

        Raises:
            GitError: The branch holds commits that no attempt made, and nobody has said what is to
                become of them; or git refuses.
        """
        word, start = self._word(attempt), None
        others: Foreign | None = None
        if attempt.branch is not None:
            worked = self._worked(attempt.branch, before=attempt)
            if found is not None:
                known = self.known(attempt.branch)
                if worked and found.here is not None:
                    known.add(found.here)  # agents commit here; not all that they left was noted
                others = foreign(self.repository, found, base=base, known=known)
            if not worked:
                taken = word in (RequestKind.UNBLOCK_KEEP, RequestKind.RETRY_KEEP)
                start = self._taken(attempt.branch, base) if taken else base
        where = begin(word, foreign=others is not None)
        if where is Begin.ASK and others is not None:
            raise self._held(attempt, others)
        if where is Begin.ANEW:
            self._set_aside(attempt, base, found or Tips(here=None, there=None))
            return self._ensure(attempt, attempt.number, base, start=base)
        return self._ensure(attempt, self._number_to_start_in(attempt), base, start=start)

    def is_anew(self, attempt: Attempt) -> bool:
        """Whether an attempt begins on the base though others came before it."""
        return is_anew(self._word(attempt))

    def worktree_of(self, attempt: Attempt, base: str) -> Worktree:
        """The folder of an attempt that has begun.

        An earlier attempt that did not finish leaves its folder: the next one goes on in it, with
        what is there, and agents' sessions that can be resumed are bound to their folder."""
        numbers = self._earlier_folders(attempt)
        own = [one for one in numbers if str(self._folder(attempt, one)) == attempt.worktree]
        number = next(iter(own or numbers), attempt.number)
        return self._ensure(attempt, number, base)

    def known(self, branch: str) -> set[str]:
        """The commits at which this runner has had a branch, here or on the remote."""
        tried = [one for one in self.journal.attempts() if one.branch == branch]
        heads = {commit for one in tried for commit in (one.head, one.base_commit) if commit}
        pushed = {
            one.what.commit for one in self.journal.events(Pushed) if one.what.branch == branch
        }
        aside = {
            one.what.commit
            for one in self.journal.events(BranchSetAside)
            if one.what.branch == branch
        }
        return heads | pushed | aside

    def _word(self, attempt: Attempt) -> RequestKind | None:
        changed = self.journal.events(StatusSet, task=attempt.task)
        return word_for(attempt.number, self.journal.attempts(attempt.task), changed)

    def _worked(self, branch: str, *, before: Attempt) -> bool:
        """Whether an attempt, at this row or another one, has begun on the branch before."""
        return any(
            one.branch == branch and one.id < before.id and has_begun(one)
            for one in self.journal.attempts()
        )

    def _number_to_start_in(self, attempt: Attempt) -> int:
        """The number in the name of the folder for an agent that starts: never of one in which a
        process is still at work that nobody could end. What is there stays there."""
        for earlier in self._earlier_folders(attempt):
            folder = self._folder(attempt, earlier)
            pid = lives_in(folder)
            if pid is None:
                return earlier
            self.display.say(
                f"{attempt.task}: starts in a new folder, since process {pid} is at work in "
                f"{folder}; what is there stays there"
            )
        return attempt.number

    def _earlier_folders(self, attempt: Attempt) -> list[int]:
        """The numbers of the attempts whose folders are there, the oldest first."""
        return [
            one.number
            for one in self.journal.attempts(attempt.task)
            if one.branch == attempt.branch and self._folder(one, one.number).exists()
        ]

    def _folder(self, attempt: Attempt, number: int) -> Path:
        return self.worktrees.path(attempt.task, number)

    def _ensure(
        self, attempt: Attempt, number: int, base: str, *, start: str | None = None
    ) -> Worktree:
        return self.worktrees.ensure(
            attempt.task, number, branch=attempt.branch, base_commit=base, start=start
        )

    def _taken(self, branch: str, base: str) -> str:
        return newest(self.repository, tips(self.repository, branch)) or base

    def _held(self, attempt: Attempt, others: Foreign) -> GitError:
        names = ", ".join(others.authors[:_NAMED])
        more = len(others.authors) - _NAMED
        by = f"{names} and {more} more" if more > 0 else names
        commits = "a commit" if others.count == 1 else f"{others.count} commits"
        return GitError(
            f"{attempt.branch} holds {commits} that no attempt made, by {by}",
            hint=f"`mission unblock {attempt.task} --keep` goes on with them as they are; `mission "
            f"unblock {attempt.task} --anew` starts on {self.repository.base} and puts them aside",
        )

    def _set_aside(self, attempt: Attempt, base: str, found: Tips) -> None:
        """Keep what earlier attempts left, below refs/mission-runner/kept, and clear their folders.
        Repeatable."""
        kept = list(found.all)
        for earlier in self.journal.attempts(attempt.task):
            path = self.worktrees.path(earlier.task, earlier.number)
            if earlier.id >= attempt.id or earlier.branch != attempt.branch or not path.exists():
                continue
            pid = lives_in(path)
            if pid is not None:
                self.display.say(f"{attempt.task}: {path} stays: process {pid} is at work in it")
                continue
            place = self._ensure(earlier, earlier.number, base)
            try:
                if attempt.branch is not None:
                    said = leftovers_message(earlier.task, earlier.summary, earlier.number)
                    author = author_of(earlier.agent)
                    changes.commit_leftovers(place, message=said, author=author)
                    kept.append(changes.head(place))
                self.worktrees.remove(place)
            except (GitError, OSError) as error:
                self.display.say(f"{attempt.task}: {path} stays as it is: {error}")
        git, left = self.repository.git, list(dict.fromkeys(kept))
        for tip in left:
            if not any(other != tip and git.is_ancestor(tip, of=other) for other in left):
                self._keep(attempt, tip, base)

    def _keep(self, attempt: Attempt, tip: str, base: str) -> None:
        git = self.repository.git
        if git.is_ancestor(tip, of=base):
            return
        name = self.worktrees.path(attempt.task, attempt.number).name
        ref = f"refs/mission-runner/kept/{name}-{tip[:10]}"
        git.move_refs(f"update {ref} {tip}")
        self.journal.record(
            BranchSetAside(branch=attempt.branch, commit=tip, kept=ref),
            task=attempt.task,
            attempt=attempt.id,
        )
        self.display.say(
            f"{attempt.task}: starts anew; what {attempt.branch} held is kept: "
            f"git log {self.repository.base}..{ref}"
        )
