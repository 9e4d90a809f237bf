"""A person's pushed edit of the task file is taken into the copy that the runner writes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from threading import Lock

from errors import (
    CheckoutBlockedError,
    GitError,
    RemoteAwayError,
    RowConflictError,
    TaskFileError,
)
from mission.journal import Journal
from mission.journal.kinds import StatusSet
from mission.state import Status
from orchestrator.ports.display import Display
from orchestrator.publishing.behind import Behind
from orchestrator.publishing.own_commits import OwnCommits
from tasks_md.model import Plan
from tasks_md.parse import decode, encode, parse
from tasks_md.rebase import built_on, rebase
from tasks_md.writer import StatusWriter
from workspace import checkout
from workspace.line_merge import merge_lines
from workspace.repository import Repository
from workspace.status_commit import committed, stored


@dataclass(frozen=True, kw_only=True)
class TakingIn:
    """Takes what others pushed into the task file, and lets the checkout follow."""

    own_commits: OwnCommits
    journal: Journal
    writer: StatusWriter
    repository: Repository
    task_file: str
    behind: Behind
    base_lock: Lock
    display: Display
    is_away: Callable[[], bool]  # whether the plan is a copy, as something else is checked out

    def take_in(self, commit: str) -> None:
        """Before the checkout moves to `commit`: put our changes on the task file that `commit`
        holds. What a status commit of ours holds, or was taken in before, is no change of somebody
        else's.

        Done before the checkout moves, so that a crash in between does it again, to the same end.

        Raises:
            CheckoutBlockedError: Both sides changed the same cell, or the same lines.
        """
        git, path = self.repository.git, self.task_file
        absorbed = self.taken_in_commit()
        if git.is_ancestor(commit, of=absorbed):
            return  # a merge that is found again: what came after it would be taken back
        noted = self.own_commits.newest_noted(beyond=absorbed)
        if noted is not None and noted != commit and git.is_ancestor(commit, of=noted):
            return  # the same, where the checkout has stayed behind
        known = {stored(git, one, path) for one in (absorbed, noted) if one is not None}
        if known != {stored(git, commit, path)}:
            before = committed(git, absorbed, path)
            after = committed(git, commit, path)
            published = None if noted is None else committed(git, noted, path)
            if (
                before is not None
                and after is not None
                and {before, published or before} != {after}
            ):
                self._put_ours_on(before, published, after)
        self.note_taken_in(commit)

    def follow(self, commit: str, *, keep: Collection[str] = ()) -> None:
        """After `take_in`: let the checkout follow. The task file is right as it is there.

        A person's changes that stand in the way only keep the checkout behind.
        """
        path = self.task_file
        try:
            checkout.fast_forward(self.repository, commit, keep=(path, *keep), settled=(path,))
        except CheckoutBlockedError as blocked:
            self.own_commits.note_taken_in_commit(commit)
            self.behind.note(blocked)
        else:
            self.behind.followed()

    def note_taken_in(self, commit: str) -> None:
        """Our task file builds on `commit` now. The base branch here says so, where there is
        one."""
        if self.is_away():
            self.own_commits.note_copied_commit(commit)
        elif self.repository.git.commit(self.repository.local_base_ref) is None:
            self.own_commits.note_taken_in_commit(commit)

    def _put_ours_on(self, before: bytes, published: bytes | None, after: bytes) -> None:
        """Put what we changed since `before` on `after`.

        Args:
            before: The task file as the checkout's commit has it. published: As our last status
            commit has it, or what was taken in last, if the checkout has
                not followed that.
            after: As it is to be taken in.
        """
        git, path, writer = self.repository.git, self.task_file, self.writer

        def read(text: str) -> Plan:
            return parse(text, path=path, dialect=writer.dialect)

        def merge(ours: str, base: str, theirs: str) -> str | None:
            merged = merge_lines(git, encode(ours), encode(base), encode(theirs))
            if merged is None:
                return None
            plan = read(decode(merged))
            # Both sides may have added the same row.
            return None if len(plan.tasks) > len(plan.by_id) else plan.text

        def edit(ours: Plan) -> str:
            base = read(decode(before))
            if published is not None:
                said = self._last_statuses()
                base = read(built_on(base, read(decode(published)), ours, said))
            return rebase(base, ours, read(decode(after)), merge)

        try:
            writer.rewrite(edit)
        except RowConflictError as conflict:
            raise CheckoutBlockedError(
                conflict.message, files=(path,), hint=conflict.hint
            ) from conflict

    def _last_statuses(self) -> dict[str, str]:
        return {
            event.task: event.what.new
            for event in self.journal.events(StatusSet)
            if event.task is not None
        }

    def take_in_pushed(self) -> None:
        """Before anything starts: take in what others have pushed. A row that a run on another
        machine has done must not be done again because this clone is old.

        Raises:
            CheckoutBlockedError: The task file was changed here and there in the same cell.
            RemoteAwayError: The remote could not be reached for as long as was waited for it.
        """
        repository = self.repository
        with self.base_lock:
            try:
                base = repository.fetch_base()
            except RemoteAwayError:
                raise
            except GitError as error:
                if repository.remote is None:
                    raise
                self.display.say(f"nobody knows what others have pushed: {error}")
                return
            self.take_in(base)
            self.follow(base)
            self.own_commits.forget_published(base=base, checked_out=self.taken_in_commit())

    def taken_in_plan(self) -> Plan | None:
        """The plan that our copy builds on; None where it is in no commit, or cannot be read."""
        return self._plan_in(self.taken_in_commit())

    def done_since(self, base: str) -> frozenset[str]:
        """The rows that are done in the file of `base`, and in ours as they were in the older
        commit that it builds on: nobody has taken them in here yet."""
        ours = self.taken_in_commit()
        before = self.repository.git.commit(ours)
        if before == base or not self.repository.git.is_ancestor(ours, of=base):
            return frozenset()
        here, then, now = self.writer.read(), self._plan_in(ours), self._plan_in(base)
        if then is None or now is None:
            return frozenset()
        return frozenset(
            task.id
            for task in here.tasks
            if (row := now.by_id.get(task.id)) is not None
            and row.status == Status.DONE
            and (old := then.by_id.get(task.id)) is not None
            and old.status == task.status
        )

    def _plan_in(self, commit: str) -> Plan | None:
        text = committed(self.repository.git, commit, self.task_file)
        if text is None:
            return None
        try:
            return parse(decode(text), path=self.task_file, dialect=self.writer.dialect)
        except TaskFileError:
            return None

    def taken_in_commit(self) -> str:
        """The commit whose task file ours builds on: where the base branch here is.

        It moves along with each merge and each status commit, whatever the checkout is on. A clone
        without such a branch, as CI makes them, has a ref of ours in its place. Only a checkout
        that is on something newer, such as a branch that a person began from a fetched base,
        brought a newer file with it."""
        git = self.repository.git
        if self.is_away() and (copied := git.commit(self.own_commits.copied_ref())) is not None:
            return copied
        tip = git.commit(self.repository.local_base_ref) or git.commit(
            self.own_commits.taken_in_ref()
        )
        if tip is None or git.is_ancestor(tip, of="HEAD"):
            return "HEAD"
        return tip
