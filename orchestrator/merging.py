"""The merge queue: one merge at a time, of a tree that was verified as it will land."""

from __future__ import annotations

from gates.case import Reason
from gates.protocol import GateRequest, Purpose
from gates.single_writer import touched
from mission.errors import (
    BaseMovedError,
    CheckoutBlockedError,
    GateError,
    GitError,
    MergeConflictError,
    NothingToMergeError,
    SingleWriterError,
)
from mission.journal import Attempt, EventKind, Stage
from orchestrator.absorbing import absorb
from orchestrator.context import Context
from orchestrator.passage import pass_gates
from orchestrator.pulling import merge_pull
from orchestrator.verifying import verify_squash
from orchestrator.work import Work, author_of
from tasks_md.model import Task
from workspace import changes, checkout, landing, squash

_TRIES = 20  # how often the base may move under one merge before a person should look


def touches_task_file(branch: str, task_file: str, task: str) -> SingleWriterError:
    """What is said of a branch that changes the task file."""
    return SingleWriterError(
        f"{branch} changes {task_file}, which only the runner may write: it is kept and not merged",
        hint=f"`mission retry PATH {task}` tries again",
    )


class MergeQueue:
    """Lands finished branches on the base."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def land(self, task: Task, attempt: Attempt) -> str:
        """Squash the attempt's work onto the base, verified and through the gate; confirm it.

        Returns the commit on the base.

        Can be called again for an attempt whose merge was cut off at any point: what has landed
        already is recognised by its trailers.

        Raises:
            SingleWriterError: It would change the task file.
            MergeConflictError: It does not apply; the message names the files and who merged them.
            VerificationError: The squashed result does not pass.
            GateError: The merge gate refuses, or does not clear in time.
            CheckoutBlockedError: A person's changes stand where the checkout would move.
        """
        context = self._context
        context.display.doing(task.id, "waits for its turn to merge")
        with context.base_lock:
            base = context.repository.fetch_base()
            commit = self._landed_before(task, attempt, base)
            if commit is None:
                try:
                    commit = self._merge(task, attempt, base)
                except NothingToMergeError:
                    context.display.say(f"{task.id}: the base holds its work already")
                    commit = base
            return self._finish(task, attempt, commit)

    def _landed_before(self, task: Task, attempt: Attempt, base: str) -> str | None:
        return squash.find_landed(
            self._context.repository.git, base, task.id, attempt.number, attempt.base_commit
        )

    def _merge(self, task: Task, attempt: Attempt, base: str) -> str:
        context, work = self._context, Work.of(attempt)
        for _ in range(_TRIES):
            context.display.doing(task.id, "merges")
            commit = self._squash(task, attempt, base)
            self._refuse_task_file(task, work, base, commit)
            self._refuse_blocked(commit)
            verify_squash(context, task, attempt, commit)
            try:
                pass_gates(
                    context,
                    GateRequest(
                        purpose=Purpose.MERGE,
                        branch=work.branch,
                        base=context.repository.base,
                        commit=work.head,
                        base_commit=base,
                    ),
                    task=task.id,
                    attempt=attempt.id,
                )
            except GateError as error:
                if error.reason != Reason.BASE_MOVED:
                    raise
                context.display.say(f"{task.id}: {error.message}; merging again")
                base = context.repository.fetch_base()
                continue
            moved = context.repository.fetch_base()
            if moved != base:
                context.display.say(f"{task.id}: the base moved, merging again on {moved[:10]}")
                base = moved
                continue
            context.journal.update_attempt(
                attempt.id, stage=Stage.MERGING, squash=commit, merge_base=base
            )
            try:
                if context.pulls is None:
                    landing.land(context.repository, commit, base)
                else:
                    tree = context.repository.git.text("rev-parse", f"{commit}^{{tree}}")
                    commit = merge_pull(context, context.pulls, task, attempt, base, tree)
            except BaseMovedError:
                base = context.repository.fetch_base()
                continue
            return commit
        raise GitError(
            f"{task.id}: the base moved {_TRIES} times while it was merged",
            hint="Run again when fewer people push to it",
        )

    def _refuse_task_file(self, task: Task, work: Work, base: str, commit: str) -> None:
        """What counts is what the merge would change: a branch that took the base in may have
        taken back what the runner wrote there since."""
        context = self._context
        changed = changes.changed_files(context.repository.git, base, commit)
        if touched(changed, context.task_file):
            raise touches_task_file(work.branch, context.task_file, task.id)

    def _refuse_blocked(self, commit: str) -> None:
        """Before anything is merged: could the checkout follow?"""
        context = self._context
        files = checkout.blocking_files(context.repository, commit, keep=(context.task_file,))
        if files:
            raise CheckoutBlockedError(
                f"uncommitted changes in {context.repository.top} stand in the way of the merge: "
                f"{', '.join(files)}",
                files=files,
                hint="Commit or stash them, and run again",
            )

    def _squash(self, task: Task, attempt: Attempt, base: str) -> str:
        context, work = self._context, Work.of(attempt)
        git = context.repository.git
        try:
            return squash.make_squash(
                git,
                base=base,
                head=work.head,
                message=squash.message_for(task.id, task.description, attempt.number),
                author=author_of(attempt.agent),
            )
        except MergeConflictError as conflict:
            touches = squash.who_merged(git, base=base, head=work.head, files=conflict.files)
            by = {path: touch.task or touch.subject for touch in touches for path in touch.files}
            named = ", ".join(
                f"{path} (merged by {by[path]})" if path in by else path for path in conflict.files
            )
            raise MergeConflictError(
                f"{work.branch} conflicts with {context.repository.base} in {named}",
                files=conflict.files,
                hint=f"Resolve it on the branch, then `mission unblock PATH {task.id}`",
            ) from conflict

    def _finish(self, task: Task, attempt: Attempt, commit: str) -> str:
        context = self._context
        context.journal.update_attempt(attempt.id, stage=Stage.MERGED, squash=commit)
        if not landing.confirm(context.repository, commit):
            raise GitError(
                f"{task.id}: {commit[:10]} was pushed, but {context.repository.base} "
                "on the remote does not hold it",
                hint="See `git log` of the remote's base; run again to merge on its new tip",
            )
        context.journal.update_attempt(attempt.id, stage=Stage.CONFIRMED)
        if not any(
            event.attempt == attempt.id
            for event in context.journal.events(task=task.id, kind=EventKind.MERGE)
        ):
            context.journal.record(
                EventKind.MERGE, run=context.run, task=task.id, attempt=attempt.id, commit=commit
            )
        absorb(context, commit)
        checkout.fast_forward(context.repository, commit, keep=(context.task_file,))
        return commit
