"""From a ready row to a job: who carries it out, and as which attempt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agents.registry import settings
from mission.config import MissionConfig
from mission.journal import Attempt, Journal
from mission.journal.kinds import StatusSet
from mission.state import Status
from mission.steps import AT_BASE
from orchestrator.admission.rests import OPERATION, is_operation
from orchestrator.loop.board import Board
from orchestrator.operations.catalogue import CLOSE_MILESTONE
from orchestrator.ports.assignment import Assignment, Metered, unlimited
from orchestrator.ports.carrier import Carrier
from orchestrator.ports.ends import TaskEnd
from orchestrator.ports.row_stop import RowStop
from policy.attempt import is_delivered, is_resumed
from policy.beginning import is_anew, word_for
from policy.routing import Route, route
from tasks_md.model import Task

# Carriers that read their milestone in the file: they start once everything of it is written.
SUM_UP = frozenset({f"{OPERATION}:{CLOSE_MILESTONE}"})


class Dispatcher:
    """Makes assignments and carries them out."""

    def __init__(
        self,
        board: Board,
        agents: Carrier,
        operations: Carrier,
        *,
        config: MissionConfig,
        journal: Journal,
        logs: Path,
    ) -> None:
        """`logs`: the folder for the attempts' logs."""
        self._board = board
        self._agents = agents
        self._operations = operations
        self._config = config
        self._journal = journal
        self._logs = logs

    def finished(self, task: Task, agent: str) -> Attempt | None:
        """The row's last attempt, if its work is finished and only has to be delivered: no agent
        starts with it."""
        last = self._journal.last_attempt(task.id)
        if last is None or not is_delivered(last, task.branch, agent):
            return None
        if self._is_anew(task.id):
            return None
        # What was approved, and came back into its turn, is looked at anew.
        return self._journal.withdraw_approval(last.id) if last.approved else last

    def start(self, task: Task, *, agent: str | None = None) -> Attempt:
        """A new attempt at `task`, journalled.

        Args:
            task: A row that is ready, or is to be tried again.
            agent: Stands in for the one that the rules name.

        Raises:
            AgentError: Its agent is not configured.
            ConfigError: A routing rule cannot be read.
        """
        chosen = route(task, self._config)
        routed = carrier_of(chosen)
        name = agent or routed
        stands_in = None if name == routed else routed
        if chosen.operation is None:
            settings(name, self._config)
        last = self._journal.last_attempt(task.id)
        resumes = last is not None and last.agent == name and is_resumed(last)
        # As the journal counts; the last one need not have the highest number.
        number = 1 + max((one.number for one in self._journal.attempts(task.id)), default=0)
        resumes = resumes and not self._is_anew(task.id)
        return self._journal.start_attempt(
            task=task.id,
            agent=name,
            branch=task.branch,
            base_commit=None,
            worktree=None,
            log=str(self._logs / f"{task.id}-{number}.log"),
            route=chosen.rule if stands_in is None else f"stands in ({chosen.rule})",
            stands_in=stands_in,
            session=last.session if last is not None and resumes else None,
        )

    def _is_anew(self, task: str) -> bool:
        """Whether a person wants the row's next attempt to begin on the base."""
        attempts, changed = self._journal.attempts(task), self._journal.events(StatusSet, task=task)
        return is_anew(word_for(None, attempts, changed))

    def assign(
        self,
        attempt: Attempt,
        *,
        reviewer: str | None = None,
        token_limit: int | None = None,
        meter: Metered = unlimited,
    ) -> Assignment:
        """What is left of an attempt, with its row as it is now; the rest as the job gets it."""
        task, stop = self._board.task(attempt.task), RowStop()
        others = [one for one in self._board.plan.tasks if one.id != task.id]
        if attempt.step in AT_BASE:
            stop.pass_by()
        return Assignment(
            task=task,
            milestone=self._board.plan.milestone(task.milestone),
            dependencies=tuple(self._board.task(name) for name in task.depends_on),
            attempt=attempt,
            dependents=tuple(one for one in others if task.id in one.depends_on),
            beside=tuple(one for one in others if self._board.status(one.id) is Status.IN_PROGRESS),
            reviewer=reviewer,
            token_limit=token_limit,
            meter=meter,
            stop=stop,
        )

    def carrier(self, task: Task) -> str:
        """Who would carry a row out, as the journal names it.

        Raises:
            ConfigError: A routing rule cannot be read.
        """
        return carrier_of(route(task, self._config))

    def work(self, assignment: Assignment) -> Callable[[], TaskEnd]:
        """What the job does."""
        if is_operation(assignment.attempt.agent):
            return lambda: self._operations.carry_out(assignment)
        return lambda: self._agents.carry_out(assignment)


def carrier_of(chosen: Route) -> str:
    """Who carries a row out, as the journal names it."""
    return chosen.agent if chosen.agent is not None else f"{OPERATION}:{chosen.operation}"
