"""The merge queue: one merge at a time, of a tree that was verified as it will land."""

from __future__ import annotations

from typing import Protocol

from gates.case import Reason
from mission.errors import BaseMovedError, GateError, GitError, NothingToMergeError
from orchestrator.attempts.verifying import Row, VerificationError, verify_squash
from orchestrator.context import Context
from orchestrator.merging.pulling import merge_pull
from orchestrator.merging.squashing import (
    TRIES,
    finish,
    landed_before,
    note_merging,
    pass_merge_gates,
    refuse_blocked,
    squash_onto,
)
from workspace import landing


class Merges(Protocol):
    """Lands finished branches on the base. Called from many threads."""

    def land(self, row: Row) -> str:
        """Squash the row's work onto the base, verified and through the gate; confirm it.

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


class MergeQueue:
    """Lands branches one by one, each on the last."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def land(self, row: Row) -> str:
        """See `Merges`."""
        context, task = self._context, row.task
        context.display.doing(task.id, "waits for its turn to merge")
        with context.base_lock:
            base = context.repository.fetch_base()
            commit = landed_before(context, row, base)
            if commit is None:
                try:
                    commit = self._merge(row, base)
                except NothingToMergeError:
                    context.display.say(f"{task.id}: the base holds its work already")
                    commit = base
            finish(context, [row], {task.id: commit}, tip=commit)
            return commit

    def _merge(self, row: Row, base: str) -> str:
        context, task = self._context, row.task
        for _ in range(TRIES):
            context.display.doing(task.id, "merges")
            commit = squash_onto(context, row, base)
            refuse_blocked(context, commit)
            self._verify(row, commit)
            try:
                pass_merge_gates(context, row, base)
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
            note_merging(context, row, commit, base)
            try:
                if context.pulls is None:
                    landing.land(context.repository, commit, base)
                else:
                    tree = context.repository.git.text("rev-parse", f"{commit}^{{tree}}")
                    commit = merge_pull(context, context.pulls, task, row.attempt, base, tree)
            except BaseMovedError:
                base = context.repository.fetch_base()
                continue
            return commit
        raise GitError(
            f"{task.id}: the base moved {TRIES} times while it was merged",
            hint="Run again when fewer people push to it",
        )

    def _verify(self, row: Row, commit: str) -> None:
        context = self._context
        try:
            verify_squash(context, [row], commit)
        except VerificationError as red:
            if not context.config.merge.repeat_red:
                raise
            reason = red.message.partition("\n")[0]
            context.display.say(f"{row.task.id}: {reason}; verifying once more")
            verify_squash(context, [row], commit)
