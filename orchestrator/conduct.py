"""Puts the loop together with what it needs around it, and lets it run."""

from __future__ import annotations

import queue
from collections.abc import Collection, Mapping, Sequence

from agents.budget import Refusal
from mission.journal import Attempt
from orchestrator.attempt import AttemptRunner
from orchestrator.board import Board
from orchestrator.catalogue import OPERATIONS
from orchestrator.context import Context
from orchestrator.dispatch import Dispatcher
from orchestrator.engine import Engine
from orchestrator.events import Event, StopRequested
from orchestrator.issues import IssueBook
from orchestrator.loop import Loop
from orchestrator.merging import MergeQueue
from orchestrator.operations import OperationRunner
from orchestrator.publishing import Publisher
from orchestrator.watch import Watch


def conduct(
    context: Context,
    board: Board,
    engine: Engine,
    *,
    slots: int,
    selected: Collection[str] | None,
    left: Sequence[Attempt],
) -> Mapping[str, Refusal]:
    """Carry on the attempts that are `left` of a crash, then dispatch the `selected` rows.

    Returns the rows that the budget kept from starting.

    Raises:
        RowConflictError: Somebody changed a row that was under way.
    """
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    issues = IssueBook(context, lambda: board.plan)
    agents = AttemptRunner(context, MergeQueue(context), issues)
    dispatcher = Dispatcher(context, board, agents, OperationRunner(context, OPERATIONS))
    with (
        Publisher(context) as publisher,
        context.stop.calling(lambda: events.put(StopRequested())),
        Watch(context.place, context.pause, events.put),
    ):
        loop = Loop(
            context,
            board,
            engine,
            dispatcher,
            events,
            slots=slots,
            selected=selected,
            on_written=publisher.changed,
        )
        loop.run(left)
    return loop.over_budget
