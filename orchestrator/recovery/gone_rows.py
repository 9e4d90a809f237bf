"""What rows left that are in the plan no more: named, with the commands that remove it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from mission.journal import Attempt, Journal
from mission.journal.kinds import Pushed
from orchestrator.ports.display import Display
from tasks_md.model import Plan
from workspace.repository import Repository
from workspace.worktrees import Worktrees


@dataclass(frozen=True, kw_only=True)
class GoneRows:
    """Looks for work that belongs to no row. It may be wanted: nothing is deleted."""

    journal: Journal
    repository: Repository
    worktrees: Worktrees
    display: Display

    def tell(self, plan: Plan) -> None:
        """Say what is left of rows that are not in the plan. Asks nobody where every row is."""
        rows: dict[str, list[Attempt]] = {}
        for attempt in self.journal.attempts():
            if attempt.task not in plan.by_id:
                rows.setdefault(attempt.task, []).append(attempt)
        used = {task.branch for task in plan.tasks}
        for task, attempts in rows.items():
            commands = [
                *self._folders(task, attempts),
                *self._branches([one for one in attempts if one.branch not in used]),
            ]
            if commands:
                self.display.say(
                    f"{task} is in the plan no more, and its work is still there; "
                    f"`{' && '.join(commands)}` removes it"
                )

    def _folders(self, task: str, attempts: list[Attempt]) -> list[str]:
        paths = [self.worktrees.path(task, one.number) for one in attempts]
        return [
            f"git worktree remove --force {shlex.quote(str(path))}"
            for path in paths
            if path.exists()
        ]

    def _branches(self, attempts: list[Attempt]) -> list[str]:
        git, remote = self.repository.git, self.repository.remote
        commands = []
        for branch in dict.fromkeys(one.branch for one in attempts if one.branch is not None):
            if git.commit(f"refs/heads/{branch}") is not None:
                commands.append(f"git branch -D {shlex.quote(branch)}")
            pushed = any(one.what.branch == branch for one in self.journal.events(Pushed))
            if remote and pushed and git.commit(f"refs/remotes/{remote}/{branch}") is not None:
                commands.append(f"git push {remote} --delete {shlex.quote(branch)}")
        return commands
