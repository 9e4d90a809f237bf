"""Puts the loop together with what it needs around it, and lets it run."""

from __future__ import annotations

import queue
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from mission.journal.kinds import DispatchBegan
from orchestrator.admission.admission import Admission
from orchestrator.admission.budgeting import Budget
from orchestrator.attempts.attempt import AttemptRunner
from orchestrator.context import Context
from orchestrator.loop.board import Board
from orchestrator.loop.dispatch import Dispatcher
from orchestrator.loop.events import Event, StopRequested, Woken
from orchestrator.loop.holds import RunHolds
from orchestrator.loop.inbox import Inbox
from orchestrator.loop.loop import Loop
from orchestrator.loop.watch import Watch
from orchestrator.loop.writing import Writing
from orchestrator.merging.queue import MergeQueue
from orchestrator.operations.catalogue import CLOSE_MILESTONE, find_operation
from orchestrator.operations.closing import CloseMilestone
from orchestrator.operations.operation import Means, OperationRunner
from orchestrator.ports.assignment import Todo
from orchestrator.ports.engine import Engine
from orchestrator.publishing.issues import IssueBook
from orchestrator.publishing.status import Publisher
from orchestrator.soundness.soundness import refuse_misunderstood
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
    if todo.selected is None or todo.selected:
        everything = todo.selected is None
        begun = DispatchBegan(slots=slots, all=everything, rows=tuple(sorted(todo.selected or ())))
        context.journal.record(begun)
    issues = context.issues(lambda: board.plan)
    dispatcher = Dispatcher(
        board,
        AttemptRunner(
            context,
            MergeQueue(
                context.landings(),
                candidates=context.candidates,
                squashing=context.squashing,
                config=context.config,
                journal=context.journal,
                repository=context.repository,
                base_lock=context.base_lock,
                display=context.display,
            ),
            issues,
        ),
        _operations(context, issues),
        config=context.config,
        journal=context.journal,
        logs=context.place.logs,
    )
    admission = Admission(
        dispatcher,
        Budget(context.config, context.journal, context.journal.run, context.clock.now()),
        context.rests,
        context.config,
        display=context.display,
        clock=context.clock,
        dice=context.dice,
        until=todo.until,
    )
    inbox = Inbox(board, context.journal, context.display)
    with (
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="scribe") as scribe,
        Publisher(
            context.status_commits.publish_status,
            each=context.config.status.commit == "each",
            say=context.display.say,
        ) as publisher,
        context.stop.calling(lambda: events.put(StopRequested())),
        context.away.calling(lambda: events.put(Woken())),
        Watch(
            context.place,
            context.pause,
            events.put,
            say=context.display.say,
            give_up=context.stop.give_up,
        ),
    ):
        writing = Writing(
            board,
            inbox,
            context.writer,
            scribe,
            journal=context.journal,
            display=context.display,
            clock=context.clock,
            tell=events.put,
            on_written=publisher.changed,
        )
        loop = Loop(
            board,
            engine,
            dispatcher,
            admission,
            inbox,
            writing,
            events,
            todo,
            slots=slots,
            journal=context.journal,
            clock=context.clock,
            display=context.display,
            redactor=context.redactor,
            stop=context.stop,
            holds=RunHolds(files=context.pause, remote=context.away),
            understand=lambda plan: refuse_misunderstood(context.document, plan),
        )
        loop.run()
    return loop.over_budget


def _operations(context: Context, issues: IssueBook) -> OperationRunner:
    """Who carries out the rows that run operations. One of these sums up what others did."""
    closing = CloseMilestone(
        file=context.writer,
        journal=context.journal,
        gates=context.gates,
        issues=issues,
        clock=context.clock,
    )
    return OperationRunner(
        Means(
            place=context.place,
            config=context.config,
            repository=context.repository,
            passage=context.passage,
            display=context.display,
            stop=context.stop,
        ),
        lambda name: closing if name == CLOSE_MILESTONE else find_operation(name),
        record=context.operations,
        journal=context.journal,
        redactor=context.redactor,
    )
