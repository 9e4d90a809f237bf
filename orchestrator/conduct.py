"""Puts the loop together with what it needs around it, and lets it run."""

from __future__ import annotations

import queue
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from orchestrator.assignment import Todo
from orchestrator.attempts.attempt import AttemptRunner
from orchestrator.board import Board
from orchestrator.context import Context
from orchestrator.dispatch import Dispatcher
from orchestrator.engine import Engine
from orchestrator.events import Event, StopRequested, Woken
from orchestrator.loop import Loop
from orchestrator.merging.queue import MergeQueue
from orchestrator.operations.catalogue import find_operation
from orchestrator.operations.operation import OperationRunner
from orchestrator.publishing.issues import IssueBook
from orchestrator.publishing.status import Publisher
from orchestrator.watch import Watch
from policy.budget import Refusal


def conduct(
    context: Context,
    board: Board,
    engine: Engine,
    todo: Todo,
    *,
    slots: int,
) -> Mapping[str, Refusal]:
    """Carry on what a crash left, then dispatch the rows that were asked for.

    Returns the rows that the budget kept from starting.

    Raises:
        RowConflictError: Somebody changed a row that was under way.
    """
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    issues = IssueBook(context, lambda: board.plan)
    agents = AttemptRunner(context, MergeQueue(context), issues)
    dispatcher = Dispatcher(context, board, agents, OperationRunner(context, find_operation))
    with (
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="scribe") as scribe,
        Publisher(context) as publisher,
        context.stop.calling(lambda: events.put(StopRequested())),
        context.away.calling(lambda: events.put(Woken())),
        Watch(context.place, context.pause, events.put),
    ):
        loop = Loop(
            context,
            board,
            engine,
            dispatcher,
            events,
            todo,
            slots=slots,
            scribe=scribe,
            on_written=publisher.changed,
        )
        loop.run()
    return loop.over_budget
