"""Puts the loop together with what it needs around it, and lets it run."""

from __future__ import annotations

import queue
from collections.abc import Mapping

from mission.journal.kinds import DispatchBegan
from mission.slots import SlotsFile
from orchestrator.admission.admission import Admission
from orchestrator.admission.budgeting import Budget
from orchestrator.assembly.assembly import Assembly
from orchestrator.letters.carrier import Mail, NoMail
from orchestrator.loop.board import Board
from orchestrator.loop.closing import Closing
from orchestrator.loop.dispatch import Dispatcher
from orchestrator.loop.events import Event, StopRequested, Woken
from orchestrator.loop.holds import RunHolds
from orchestrator.loop.inbox import Inbox
from orchestrator.loop.loop import Loop
from orchestrator.loop.watch import Watch
from orchestrator.loop.writing import Writing
from orchestrator.operations.catalogue import CLOSE_MILESTONE, find_operation
from orchestrator.operations.closing import CloseMilestone
from orchestrator.operations.operation import Means, OperationRunner
from orchestrator.ports.assignment import Todo
from orchestrator.ports.engine import Engine
from orchestrator.ports.foresight import Foresee, RunOutset, no_foresight
from orchestrator.publishing.issues import IssueBook
from orchestrator.publishing.status import Publisher
from orchestrator.soundness.soundness import refuse_misunderstood
from policy.budget import Refusal
from workspace.side_thread import one_thread


def conduct(
    parts: Assembly,
    board: Board,
    engine: Engine,
    todo: Todo,
    *,
    slots: int,
    foresee: Foresee = no_foresight,
) -> Mapping[str, Refusal]:
    """Carry on what a crash left, then dispatch the rows that were asked for.

    Returns the rows that the budget kept from starting.

    Raises:
        RowConflictError: Somebody changed a row that was under way.
        MachineError: The machine gives no thread for what it needs. Nothing was started.
    """
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    mail: Mail = NoMail()
    if todo.selected is None or todo.selected:
        mail = parts.mail(lambda: events.put(Woken()))
        everything = todo.selected is None
        begun = DispatchBegan(slots=slots, all=everything, rows=tuple(sorted(todo.selected or ())))
        parts.journal.record(begun)
    issues = parts.issues(lambda: board.plan)
    dispatcher = Dispatcher(
        board,
        parts.attempts(issues),
        _operations(parts, issues),
        config=parts.config,
        journal=parts.journal,
        logs=parts.place.logs,
    )
    admission = Admission(
        dispatcher,
        Budget(parts.config, parts.journal, parts.journal.run, parts.clock.now()),
        parts.rests,
        parts.config,
        display=parts.display,
        clock=parts.clock,
        dice=parts.dice,
        until=todo.until,
    )
    inbox = Inbox(board, parts.journal, parts.display)
    with (
        one_thread("scribe") as scribe,
        Publisher(
            parts.status_commits.publish_status,
            each=parts.config.status.commit == "each",
            say=parts.display.say,
        ) as publisher,
        parts.stop.calling(lambda: events.put(StopRequested())),
        parts.away.calling(lambda: events.put(Woken())),
        parts.claim.calling(lambda: events.put(Woken())),
        engine.calling(lambda: events.put(Woken())),
        Watch(
            parts.place,
            parts.pause,
            events.put,
            say=parts.display.say,
            give_up=parts.stop.give_up,
        ),
        mail,
        foresee(
            RunOutset(
                plan=board.plan,
                config=parts.config,
                journal=parts.journal,
                selected=None if todo.selected is None else frozenset(todo.selected),
                slots=slots,
                now=parts.clock.now(),
                say=parts.display.say,
            )
        ),
    ):
        writing = Writing(
            board,
            inbox,
            parts.writer,
            scribe,
            journal=parts.journal,
            display=parts.display,
            clock=parts.clock,
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
            journal=parts.journal,
            clock=parts.clock,
            display=parts.display,
            redactor=parts.redactor,
            stop=parts.stop,
            holds=RunHolds(
                files=parts.pause,
                remote=parts.away,
                claim=parts.claim,
                limit=SlotsFile.of(parts.place.state_dir),
            ),
            notice=parts.noticing.look,
            closing=Closing(full=parts.disks.full, display=parts.display),
            understand=lambda plan: refuse_misunderstood(parts.document, plan),
        )
        loop.run()
    return loop.over_budget


def _operations(parts: Assembly, issues: IssueBook) -> OperationRunner:
    """Who carries out the rows that run operations. One of these sums up what others did."""
    closing = CloseMilestone(
        file=parts.writer,
        journal=parts.journal,
        gates=parts.gates,
        issues=issues,
        clock=parts.clock,
    )
    return OperationRunner(
        Means(
            place=parts.place,
            config=parts.config,
            repository=parts.repository,
            passage=parts.passage,
            display=parts.display,
            stop=parts.stop,
            disks=parts.disks,
        ),
        lambda name: closing if name == CLOSE_MILESTONE else find_operation(name),
        record=parts.operations,
        journal=parts.journal,
        redactor=parts.redactor,
    )
