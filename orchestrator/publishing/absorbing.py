"""A person's pushed edit of the task file is taken into the copy that the runner writes."""

from __future__ import annotations

from mission.errors import CheckoutBlockedError, RowConflictError
from orchestrator.context import Context
from tasks_md.parse import decode, parse
from tasks_md.rebase import rebase
from workspace.status_commit import committed


def absorb(context: Context, commit: str) -> None:
    """Before the checkout moves to `commit`: put our cells on the task file that `commit` holds.

    Done before the checkout moves, so that a crash in between does it again, to the same end.

    Raises:
        CheckoutBlockedError: Both sides changed the same cell, or the file was edited here too.
    """
    git, path = context.repository.git, context.task_file
    absorbed = _absorbed(context)
    if git.fits("merge-base", "--is-ancestor", commit, absorbed):
        return  # a merge that is found again: what came after it would be taken back
    before = committed(git, absorbed, path)
    after = committed(git, commit, path)
    if before is None or after is None or before == after:
        return
    writer = context.writer
    dialect = writer.dialect
    try:
        writer.rewrite(
            lambda ours: rebase(
                parse(decode(before), path=path, dialect=dialect),
                ours,
                parse(decode(after), path=path, dialect=dialect),
            )
        )
    except RowConflictError as conflict:
        raise CheckoutBlockedError(
            conflict.message, files=(path,), hint=conflict.hint
        ) from conflict


def _absorbed(context: Context) -> str:
    """The commit whose task file ours builds on: where the base branch here is.

    It moves along with each merge and each status commit, whatever the checkout is on. Only a
    checkout that is on something newer, such as a branch that a person began from a fetched base,
    brought a newer file with it.
    """
    git, base = context.repository.git, context.repository.local_base_ref
    tip = git.commit(base)
    if tip is None or git.fits("merge-base", "--is-ancestor", tip, "HEAD"):
        return "HEAD"
    return tip
