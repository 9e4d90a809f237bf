"""Finished work that may not merge as it is: its agent gets it back once more, with the reason."""

from __future__ import annotations

from dataclasses import dataclass

from errors import GitError
from mission.config import MissionConfig
from mission.journal import Attempt
from mission.steps import End
from orchestrator.attempts.retrying import Retrying
from orchestrator.attempts.work import AgentWork
from orchestrator.ports.display import Display
from orchestrator.workers.sending import works_elsewhere
from orchestrator.workplace.finished import Work
from policy import tries
from workspace import changes
from workspace.identity import RUNNER
from workspace.repository import Repository


@dataclass(frozen=True, kw_only=True)
class SendingBack:
    """Work that may not merge: whether its agent gets it back, and in which state."""

    agent_work: AgentWork
    retrying: Retrying
    config: MissionConfig
    repository: Repository
    task_file: str
    display: Display

    def may_go_back(self, attempt: Attempt, end: End) -> bool:
        """Whether the row's agent gets its work back, which came to `end`: see `policy.tries`."""
        earlier = self.retrying.since_people(attempt)
        return tries.may_go_back(attempt, earlier, end, most=self.retrying.tries_of(attempt))

    def put_task_file_back(self, attempt: Attempt) -> None:
        """Give the branch the task file that it was begun with, so that the agent need not.

        Where that cannot be done the agent has to: the reason that it is told says so.
        """
        if attempt.head is None or works_elsewhere(self.config, attempt.agent):
            return
        work, git = Work.of(attempt), self.repository.git
        try:
            common = git.text("merge-base", self.repository.base_tip(), work.head)
            worktree = self.agent_work.worktree_of(attempt, work.base)
            there = git.run("cat-file", "-e", f"{common}:{self.task_file}", check=False).code == 0
            command = (
                ["checkout", "--quiet", common] if there else ["rm", "--quiet", "-r", "--force"]
            )
            worktree.git.run(*command, "--", self.task_file)
            message = f"{attempt.task}: leave {self.task_file} to the runner"
            changes.commit_leftovers(worktree, message=message, author=RUNNER)
        except GitError as error:
            self.display.say(f"{attempt.task}: {self.task_file} stays changed: {error.message}")
