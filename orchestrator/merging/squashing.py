"""The steps that every merge takes, one branch at a time or several together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote

from errors import (
    AlreadyMergedError,
    GitError,
    MergeConflictError,
    SingleWriterError,
    UnapprovedError,
)
from gates.protocol import GateRequest, Purpose
from mission.journal import Attempt, Journal, Step
from mission.journal.kinds import Merged
from orchestrator.gating.passage import Passage
from orchestrator.gating.paths import touched
from orchestrator.gating.settings_files import SettingsFiles
from orchestrator.merging.merges import Merges
from orchestrator.publishing.taking_in import TakingIn
from orchestrator.workplace.finished import Work, author_of
from orchestrator.workplace.verifying import FinishedWork
from tasks_md.model import Task
from workspace import branches, changes, squash
from workspace.repository import Repository

TRIES = 20  # how often the base may move under one merge before a person should look


def touches_task_file(branch: str, task_file: str, task: str) -> SingleWriterError:
    """What is said of a branch that changes the task file."""
    return SingleWriterError(
        f"{branch} changes {task_file}, which only the runner may write: it is kept and not merged",
        hint="If the repository tells agents to write it, take that out; then"
        f" `mission unblock {task}` tries again",
    )


@dataclass(frozen=True, kw_only=True)
class Squashing:
    """Makes and checks the squash commits of finished rows, and finishes what has merged."""

    taking_in: TakingIn
    settings_files: SettingsFiles
    passage: Passage
    journal: Journal
    repository: Repository
    task_file: str
    landed: Merges

    def merged_before(self, row: FinishedWork) -> str | None:
        """The commit with which the row's attempt was merged already, by its trailers.

        A push that was cut off here may still arrive there: ask again whenever the base has moved.

        Raises:
            AlreadyMergedError: Somebody else has merged the row since the attempt began.
        """
        attempt = row.attempt
        merge = self.landed.since(row.task.id, attempt.base_commit)
        if merge is None:
            return None
        ours = merge.commit == attempt.squash or merge.attempt == str(attempt.number)
        if attempt.squash is not None and ours:
            return merge.commit
        raise AlreadyMergedError(
            f"merged as {merge.commit[:10]}, attempt {merge.attempt}, meanwhile, and not by "
            f"this run; what {attempt.agent} did is kept on {attempt.branch}"
        )

    def squash_message(self, task: Task, attempt: Attempt) -> str:
        """The message of a row's squash commit, whoever makes it."""
        return squash.message_for(task.id, task.description, attempt.number, mission=self.task_file)

    def squash_onto(self, row: FinishedWork, base: str) -> str:
        """The row's work as one commit on `base`. Nothing points to it yet.

        Raises:
            MergeConflictError: It does not apply; the message names the files and who merged them.
            NothingToMergeError: The base has all of it. SingleWriterError: It would change the task
            file. UnapprovedError: It would change what the runner acts on, and no person has looked
            at it.
        """
        task, work = row.task, Work.of(row.attempt)
        git = self.repository.git
        try:
            commit = squash.make_squash(
                git,
                base=base,
                head=work.head,
                message=self.squash_message(task, row.attempt),
                author=author_of(row.attempt.agent),
            )
        except MergeConflictError as conflict:
            touches = squash.who_merged(git, base=base, head=work.head, files=conflict.files)
            by = {path: touch.task or touch.subject for touch in touches for path in touch.files}
            named = ", ".join(
                f"{path} (merged by {by[path]})" if path in by else path for path in conflict.files
            )
            raise MergeConflictError(
                f"{work.branch} conflicts with {self.repository.base} in {named}",
                files=conflict.files,
                hint=f"Merge or rebase it in {row.attempt.worktree}, or elsewhere and push the "
                f"branch; then `mission unblock {task.id}`",
            ) from conflict
        # What counts is what the merge would change: a branch that took the base in may have taken
        # back what the runner wrote there since.
        files = changes.changed_files(git, base, commit)
        if touched(files, self.task_file):
            raise touches_task_file(work.branch, self.task_file, task.id)
        # A file that was renamed on the base takes along what the branch changed under its old
        # name.
        why = "" if row.attempt.approved else self.settings_files.why_agree(files)
        if why:
            raise UnapprovedError(why)
        return commit

    def pass_merge_gates(self, row: FinishedWork, base: str, *, at_once: bool = False) -> None:
        """Return when every gate lets the row's branch merge onto exactly `base`.

        Args:
            at_once: They are asked once, and not waited for.

        Raises:
            GateError: One refuses, or does not clear in time.
            StoppedError: The run was stopped meanwhile.
        """
        work = Work.of(row.attempt)
        request = GateRequest(
            purpose=Purpose.MERGE,
            branch=work.branch,
            base=self.repository.base,
            commit=work.head,
            base_commit=base,
        )
        self.passage.pass_gates(request, task=row.task.id, attempt=row.attempt.id, at_once=at_once)

    def note_merging(self, row: FinishedWork, commit: str, base: str) -> None:
        """Journal that the base may be at `commit` from now on."""
        self.journal.advance_attempt(row.attempt.id, Step.MERGING, squash=commit, merge_base=base)

    def finish(self, rows: Sequence[FinishedWork], commits: Mapping[str, str], *, tip: str) -> None:
        """Confirm that the base holds the work of `rows`, journal it, and let the checkout follow.

        Args:
            commits: By task, the commit that holds its work.
            tip: The last of these commits.

        Raises:
            GitError: The remote does not hold `tip`, or cannot be asked.
            CheckoutBlockedError: Here and there the task file was changed in the same place.
        """
        journal = self.journal
        for row in rows:
            journal.advance_attempt(row.attempt.id, Step.MERGED, squash=commits[row.task.id])
        if not branches.confirm(self.repository, tip):
            raise GitError(
                f"{', '.join(commits)}: {tip[:10]} was pushed, but {self.repository.base} "
                "on the remote does not hold it",
                hint=f"`git log {quote(self.repository.base_ref)}` shows it; run again to merge on "
                "its new tip",
            )
        for row in rows:
            journal.advance_attempt(row.attempt.id, Step.CONFIRMED)
            if not journal.events(Merged, task=row.task.id, attempt=row.attempt.id):
                together = tuple(commits) if len(rows) > 1 else ()
                journal.record(
                    Merged(commit=commits[row.task.id], together=together),
                    task=row.task.id,
                    attempt=row.attempt.id,
                )
        self.taking_in.take_in(tip)
        self.taking_in.follow(tip)
