"""Finished work that may not merge as it is: its agent gets it back once more, with the reason."""

from __future__ import annotations

from errors import GitError
from mission.journal import Attempt
from mission.steps import End
from orchestrator.attempts.retrying import since_people, tries_of
from orchestrator.attempts.work import Work, worktree_of
from orchestrator.context import Context
from orchestrator.workers.sending import works_elsewhere
from policy import tries
from workspace import changes
from workspace.identity import RUNNER


def may_go_back(context: Context, attempt: Attempt, end: End) -> bool:
    """Whether the row's agent gets its work back, which came to `end`: see `policy.tries`."""
    earlier = since_people(context, attempt)
    return tries.may_go_back(attempt, earlier, end, most=tries_of(context, attempt))


def put_task_file_back(context: Context, attempt: Attempt) -> None:
    """Give the branch the task file that it was begun with, so that the agent need not.

    Where that cannot be done the agent has to: the reason that it is told says so.
    """
    if attempt.head is None or works_elsewhere(context.config, attempt.agent):
        return
    work, git = Work.of(attempt), context.repository.git
    try:
        common = git.text("merge-base", context.repository.base_tip(), work.head)
        worktree = worktree_of(context, attempt, work.base)
        there = git.run("cat-file", "-e", f"{common}:{context.task_file}", check=False).code == 0
        command = ["checkout", "--quiet", common] if there else ["rm", "--quiet", "-r", "--force"]
        worktree.git.run(*command, "--", context.task_file)
        message = f"{attempt.task}: leave {context.task_file} to the runner"
        changes.commit_leftovers(worktree, message=message, author=RUNNER)
    except GitError as error:
        context.display.say(f"{attempt.task}: {context.task_file} stays changed: {error.message}")
