"""From finished work to the base: verify, push through the gate, warn of conflicts, merge."""

from __future__ import annotations

from gates.protocol import GateRequest, Purpose
from mission.journal import Attempt, Step
from mission.journal.kinds import Pushed, WillConflict
from orchestrator.attempts.work import Work, worktree_of
from orchestrator.context import Context
from orchestrator.workers.sending import pushed_by_worker
from orchestrator.workplace.verifying import Row, VerificationError
from tasks_md.model import Task
from workspace import base_log, landing
from workspace.disclosure import refuse_secrets
from workspace.overlap import overlaps
from workspace.submodules import refuse_lost_submodules


def verify(context: Context, task: Task, attempt: Attempt) -> Attempt:
    """Verify the branch, if that was not done before a crash.

    Raises:
        VerificationError: A verify step failed, or a commit poses as a row's merge.
        GitError: A submodule holds work that would not land with it.
    """
    if attempt.step is Step.WORKED:
        _refuse_lost_submodules(context, attempt)
        _refuse_posing(context, attempt)
        context.verifier.verify_branch(Row(task=task, attempt=attempt), Work.of(attempt).head)
        attempt = context.journal.advance_attempt(attempt.id, Step.VERIFIED)
        _warn_of_overlaps(context, attempt)
    return attempt


def bring_to_remote(context: Context, task: Task, attempt: Attempt) -> Attempt:
    """Push the branch, and open its pull request. Does what is left after a crash.

    Raises:
        GateError: The push gate refuses, or does not clear in time.
        GitError: The remote refuses.
    """
    if attempt.step is Step.VERIFIED:
        _push(context, attempt)
        if context.pulls is not None:
            context.pulling.show_pull(context.pulls, task, attempt)
        attempt = context.journal.advance_attempt(attempt.id, Step.PUSHED)
    return attempt


def _refuse_lost_submodules(context: Context, attempt: Attempt) -> None:
    work = Work.of(attempt)
    place = worktree_of(context, attempt, work.base)
    refuse_lost_submodules(context.repository, place, work.head)


def _refuse_posing(context: Context, attempt: Attempt) -> None:
    """Refuse a branch with a commit that says what only the runner's merges say.

    The squash says nothing of it; but a person may merge the branch by hand, or in a forge's pages,
    and by these lines on the base another row would count as done.
    """
    posing = _posing(context, attempt)
    if posing:
        commit, task = posing
        raise VerificationError(
            f"commit {commit[:10]} of {attempt.branch} says that it merges {task}; only the runner "
            "says that: take the lines `Task:` and `Attempt:` out of its message"
        )


def _posing(context: Context, attempt: Attempt) -> tuple[str, str] | None:
    """The first such commit, and the row that it names. Those that came from the base are the
    runner's own, however new they are."""
    repository, work = context.repository, Work.of(attempt)
    if not base_log.read_after(repository.git, work.base, work.head):
        return None
    for tip in (repository.base_tip, repository.fetch_base):
        new = base_log.read(repository.git, work.head, f"^{work.base}", f"^{tip()}")
        found = [(one.commit, one.landings[0].task) for one in new if one.landings]
        if not found:
            return None
    return found[0]


def _push(context: Context, attempt: Attempt) -> None:
    if context.repository.remote is None:
        return
    work = Work.of(attempt)
    if pushed_by_worker(context.journal, attempt, work.head):
        return
    repository = context.repository
    refuse_secrets(
        repository.git, work.branch, base=work.base, head=work.head, redactor=context.redactor
    )
    request = GateRequest(
        purpose=Purpose.PUSH,
        branch=work.branch,
        base=repository.base,
        commit=work.head,
    )
    context.passage.pass_gates(request, task=attempt.task, attempt=attempt.id)
    context.display.doing(attempt.task, "pushes its branch")
    landing.push_branch(repository, work.branch, work.head, ours=_pushed_before(context, attempt))
    context.journal.record(
        Pushed(branch=work.branch, commit=work.head),
        run=context.run,
        task=attempt.task,
        attempt=attempt.id,
    )


def _pushed_before(context: Context, attempt: Attempt) -> set[str]:
    """Where this runner may have left the row's branch on the remote: a retry that was rebased
    replaces that, and nothing else."""
    heads = {one.head for one in context.journal.attempts(attempt.task) if one.head is not None}
    pushes = context.journal.events(Pushed, task=attempt.task)
    return heads | {push.what.commit for push in pushes}


def _warn_of_overlaps(context: Context, attempt: Attempt) -> None:
    """Say which other live branches conflict with this one, before it hurts."""
    work = Work.of(attempt)
    others = {
        other.task: other.head
        for other in context.journal.open_attempts()
        if other.task != attempt.task and other.head is not None
    }
    base = context.repository.base_tip()
    for found in overlaps(context.repository.git, base, work.head, others):
        context.journal.record(
            WillConflict(other=found.task, files=tuple(found.files)),
            run=context.run,
            task=attempt.task,
            attempt=attempt.id,
        )
        context.display.say(
            f"{attempt.task} and {found.task} will conflict: both change {', '.join(found.files)}"
        )
