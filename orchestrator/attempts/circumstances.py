"""What stands around a row, for its brief: read where it costs nothing, or next to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from agents.brief import BuiltOn, Circumstances
from agents.registry import settings
from errors import MissionError
from forges.pulls import PullRequests
from mission.config import MissionConfig
from mission.journal import Journal
from mission.journal.kinds import Verified
from orchestrator.merging.merges import Merges
from orchestrator.ports.assignment import Assignment
from orchestrator.ports.display import Display
from policy.routing import matches
from tasks_md.model import Task
from workspace.repository import Repository

_NUMBER = re.compile(r"#?(\d{1,12})")
_PATIENCE = timedelta(seconds=20)  # for an issue's text: the row goes on without it


@dataclass(frozen=True, kw_only=True)
class Surveying:
    """Tells what stands around a row."""

    config: MissionConfig
    journal: Journal
    repository: Repository
    landed: Merges
    pulls: PullRequests | None
    display: Display

    def around(self, assignment: Assignment, agent: str) -> Circumstances:
        """What the brief of `agent` says of what stands around the row."""
        own = settings(agent, self.config)
        return Circumstances(
            issue=self._issue(assignment.task),
            built_on=self._built_on(assignment.dependencies),
            beside=assignment.beside,
            dependents=assignment.dependents,
            waits_for=self._waits_for(assignment.task, agent),
            time=own.timeouts.total,
            tokens=assignment.token_limit,
            commits=own.sandbox.type != "bubblewrap"
            and not (own.type == "codex" and own.sandbox.type == "tool"),
        )

    def verified(self, task: str, tree: str) -> str:
        """The verification steps that ran on a tree, and what came of each; a line for each."""
        last: dict[str, Verified] = {}
        for event in self.journal.events(Verified, task=task):
            if event.what.tree == tree:
                last[event.what.step] = event.what
        return "\n".join(
            f"{name}: {'passed' if one.ok else f'failed, {one.reason}'}"
            for name, one in last.items()
        )

    def people(self, task: str) -> str:
        """What people wrote with their requests for a row, oldest first."""
        return "\n".join(
            f"- {request.kind}, by {request.by}: {request.note}"
            for request in self.journal.requests(task)
            if request.note and request.error is None
        )

    def _issue(self, task: Task) -> str:
        number = _NUMBER.fullmatch(task.issue or "")
        if number is None or self.pulls is None:
            return task.issue or ""
        try:
            found = self.pulls.forge.within(_PATIENCE).issue(int(number[1]))
        except MissionError as error:
            self.display.say(f"{task.id}: its brief lacks the text of {task.issue}: {error}")
            return task.issue or ""
        return f"#{found.number}: {found.title}\n\n{found.body}".strip()

    def _built_on(self, rows: tuple[Task, ...]) -> tuple[BuiltOn, ...]:
        merges = self.landed.merged([row.id for row in rows]) if rows else {}
        git = self.repository.git
        return tuple(
            BuiltOn(
                task=row,
                commit=merges[row.id].commit,
                files=git.run(
                    "diff-tree", "-r", "-z", "--root", "--no-commit-id", "--name-only",
                    merges[row.id].commit,
                ).fields,
            )
            if row.id in merges
            else BuiltOn(task=row)
            for row in rows
        )  # fmt: skip

    def _waits_for(self, task: Task, agent: str) -> str:
        """Who looks at the work before it merges, as a sentence's beginning."""
        if task.branch is None:
            return ""
        who = frozenset({agent})
        if any(matches(task, rule.match, who) for rule in self.config.qa):
            return "a person looks at your work"
        rule = next((one for one in self.config.review if matches(task, one.match, who)), None)
        return "" if rule is None else "another agent reviews your work"
