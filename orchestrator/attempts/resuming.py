"""Going on with finished work that something outside held up, instead of paying for it again."""

from __future__ import annotations

from mission.journal import Attempt, Stage
from mission.journal.kinds import AgentEnded, Merged
from mission.outcome import Outcome
from orchestrator.attempts.retrying import STANDS_IN
from orchestrator.attempts.work import worktree_of
from orchestrator.context import Context
from tasks_md.model import Task
from workspace import changes

HELD_UP = "blocked"  # the outcome of an attempt that a gate, git or a forge stopped


def was_held_up(last: Attempt, task: Task, agent: str) -> bool:
    """Whether the row's last attempt holds finished work that only has to be delivered.

    Its job opens it again.
    """
    return (
        last.outcome == HELD_UP
        and last.head is not None
        and last.branch is not None
        and last.branch == task.branch
        and (last.agent == agent or last.route.startswith(STANDS_IN))
    )


def was_cut_off(last: Attempt) -> bool:
    """Whether the attempt's agent had ended and a crash came before its row was written."""
    return last.ended is None and last.stage is not Stage.STARTED


def reopen(context: Context, last: Attempt) -> Attempt:
    """The attempt again, from where its agent had ended, with what its branch holds by now.

    A person may have resolved a conflict on the branch, here or on the remote.
    """
    said = context.journal.events(AgentEnded, task=last.task, attempt=last.id)
    merged = any(
        not context.landed.taken_back(event.what.commit)
        for event in context.journal.events(Merged, task=last.task, attempt=last.id)
    )
    return context.journal.reopen_attempt(
        last.id,
        stage=Stage.MERGED if merged else Stage.WORKED,
        head=last.head if merged else _newest(context, last),
        outcome=said[-1].what.outcome if said else str(Outcome.SUCCESS),
    )


def catch_up(context: Context, attempt: Attempt) -> Attempt:
    """An approved attempt with what its branch holds by now: people may have added to it."""
    newest = _newest(context, attempt)
    if newest != attempt.head:
        added = context.repository.git.text("rev-list", "--count", f"{attempt.head}..{newest}")
        context.display.say(
            f"{attempt.task}: approved with commits ({added}) that {attempt.branch} got since its "
            f"agent ended: git log {str(attempt.head)[:10]}..{str(newest)[:10]}"
        )
    return context.journal.update_attempt(attempt.id, head=newest)


def _newest(context: Context, last: Attempt) -> str | None:
    """The tip of the branch, here or on the remote, whichever holds the other."""
    git, remote = context.repository.git, context.repository.remote
    if last.branch is None or last.base_commit is None:
        return last.head
    tips = [last.head, git.commit(f"refs/heads/{last.branch}")]
    if remote is not None:
        there = f"refs/remotes/{remote}/{last.branch}"
        fetched = git.run(  # not through FETCH_HEAD, which is another row's by now
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", remote,
            f"+refs/heads/{last.branch}:{there}", check=False,
        )  # fmt: skip
        if fetched.code == 0:
            tips.append(git.commit(there))
    newest = last.head
    for tip in tips:
        if tip is not None and (newest is None or git.is_ancestor(newest, of=tip)):
            newest = tip
    worktree = worktree_of(context, last, last.base_commit)
    if newest is not None and newest != changes.head(worktree):
        worktree.git.run("merge", "--quiet", "--ff-only", newest)
    return newest
