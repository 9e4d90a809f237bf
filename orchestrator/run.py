"""One run of a mission, from taking the writer's lock to giving it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from errors import BudgetError, MissionError, TaskFileError
from errors.finding import Finding
from mission.amounts import counted, moment
from mission.config import MissionConfig
from mission.journal import Journal, RequestKind
from mission.place import Place
from mission.plan_copy import plan_file
from mission.slots import SlotsFile
from orchestrator.assembly.assembly import Assembly
from orchestrator.assembly.given import task_path
from orchestrator.becoming import claim_mission, is_anything_due, learn, take_in_pushed
from orchestrator.conduct import conduct
from orchestrator.expanding import next_placeholder
from orchestrator.loop.board import Board
from orchestrator.loop.telling import over_budget, planner_away, tell_wait
from orchestrator.notifying.beside import NotifyBeside
from orchestrator.opening import A_MOMENT, open_mission
from orchestrator.operations.evidence import OperationRecord
from orchestrator.ports.assignment import Todo
from orchestrator.ports.display import Display
from orchestrator.ports.engine import Engine, ThreadEngine
from orchestrator.ports.foresight import Foresee, no_foresight
from orchestrator.ports.planner import PlannerAwayError
from orchestrator.publishing.storage import StorageCopy
from orchestrator.recovery.vouching import note_done_before
from orchestrator.run_end import RunEnd, run_end
from orchestrator.soundness.preflight import (
    check_base,
    refuse_without_commit,
    repository_of,
    warnings,
)
from orchestrator.soundness.soundness import (
    examine,
    findings_of,
    refuse_errors,
    refuse_misunderstood,
)
from orchestrator.workers.remote import RemoteAgents
from orchestrator.workplace.commit_files import clear_left
from policy.budget import Refusal
from tasks_md.lock import refuse_if_held
from tasks_md.model import Plan
from workspace.descriptors import make_room
from workspace.git import Git
from workspace.process import Stop
from workspace.repository import Repository


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRequest:
    """What a person asks a run to do."""

    path: str | None = None  # the task file, or its folder
    milestones: tuple[str, ...] = ()  # only rows of these; empty: of all
    tasks: tuple[str, ...] = ()  # only these rows; empty: all
    max_parallel: int | None = None  # instead of the mission's own
    expand: bool = False  # plan placeholders as the milestones before them are done
    take_over: bool = False  # from a clone that has given no sign for some time


def run_mission(
    request: RunRequest,
    engine: Engine,
    display: Display,
    stop: Stop,
    *,
    remote: RemoteAgents | None = None,
    operations: OperationRecord | None = None,
    foresee: Foresee = no_foresight,
) -> RunEnd:
    """Carry the mission out as far as it goes. Blocks.

    Args:
        remote: Reaches the workers for agents that do not work here; without it these block.
        operations: The engine's record of built-in operations; without it the journal has it alone.
        foresee: Says, beside the run, how long it will take.

    Raises:
        WriterBusyError: Another run holds the mission, here or in another clone.
        FindingsError: The task file or `mission.yaml` has errors.
        TaskFileError: The task file lacks what was asked for.
        GitError: There is no base to merge into, or the checkout could not follow it.
        RowConflictError: Somebody changed a row that was under way.
    """
    opened = open_mission(
        request.path,
        display,
        stop,
        engine_run=engine.run_id,
        remote=remote,
        operations=operations,
        take_over=request.take_over,
    )
    with opened as (parts, board), _own_slots(parts), _storage_copy(parts), _notify(parts):
        disk = parts.disks.trouble()
        if disk is not None:  # before anybody is paid for what cannot be kept
            raise disk
        refuse_errors(_findings(parts, board))
        check_base(parts.repository)
        take_in_pushed(parts, board)
        if board.reread() is not None:
            refuse_errors(_findings(parts, board))
        _tell_unclaimed(parts)
        if not _claim_if_due(parts, board, request) and learn(parts, board):
            refuse_errors(_findings(parts, board))
        note_done_before(parts.journal, board.plan)
        if parts.pulls is not None and parts.config.merge.strategy == "batch":
            display.say(
                "merge.strategy is batch: what was verified is pushed to "
                f"{parts.repository.base} as a whole, and pull requests are ended with its commit"
            )
        selected = select(board.plan, request)
        engine.close_stale(parts.recovery.end_crashed_runs())
        clear_left(parts.worktrees, parts.journal)
        found = parts.recovery.reconcile(board)
        parts.gone_rows.tell(board.plan)
        slots = _slots(parts, request)
        todo = Todo(selected=selected, left=found.left, held=found.held)
        refused: dict[str, Refusal | BudgetError] = {}
        refused.update(conduct(parts, board, engine, todo, slots=slots, foresee=foresee))
        unclaimed = not (parts.claim.taken or stop.requested)
        if unclaimed and _claim_if_due(parts, board, request):  # an edit came in
            refused.update(conduct(parts, board, engine, todo, slots=slots))
        away: PlannerAwayError | None = None
        while request.expand and selected is None:
            try:
                if not _expanded(parts, board, refused, planner=away.agent if away else None):
                    break
                away = None
            except PlannerAwayError as error:
                display.say(
                    f"{error.message}; asked again at {moment(error.at, parts.clock.now())}"
                )
                away = error
            next_rows = replace(todo, left=(), until=away.at if away else None)
            refused = dict(conduct(parts, board, engine, next_rows, slots=slots))
        parts.status_commits.publish_status()
        if not stop.requested:
            parts.pruning.prune_stayed()
        end = run_end(board, selected, stop, refused)
        milestone = next_placeholder(board.plan) if selected is None else None
        end = replace(
            end,
            behind=parts.behind.message,
            broken=parts.noticing.left,
            unplanned=milestone.id if milestone is not None else "",
        )
    # Its record may be waited for long, where a server hangs: nobody else is to wait for that.
    end = replace(end, missing=engine.missing())
    _note_name(parts, engine)
    return end


def _note_name(parts: Assembly, engine: Engine) -> None:
    """The engine's name of the run is known at the latest once its record was waited for. The
    mission is closed by then."""
    if engine.run_id is None:
        return
    try:
        with Journal.open(parts.place.journal_file, redact=parts.redactor.text) as journal:
            journal.name_run(parts.journal.run, engine.run_id)
    except MissionError as error:
        parts.display.say(f"The journal does not hold how the engine calls this run: {error}")


def _claim_if_due(parts: Assembly, board: Board, request: RunRequest) -> bool:
    """Take the claim where there is something to do; whether there is."""
    due = is_anything_due(parts, board, expand=request.expand)
    if due and claim_mission(parts, board):
        refuse_errors(_findings(parts, board))
    return due


def _tell_unclaimed(parts: Assembly) -> None:
    if parts.config.claim is None and parts.repository.remote is not None:
        parts.display.say(
            "claim: never: nothing keeps another clone from carrying this mission out meanwhile"
        )


def _findings(parts: Assembly, board: Board) -> tuple[Finding, ...]:
    return findings_of(parts.place, parts.document, board.plan, parts.repository.git)


def _storage_copy(parts: Assembly) -> StorageCopy:
    when = parts.config.status.storage
    return StorageCopy(parts.place, when=when, say=parts.display.say)


def _notify(parts: Assembly) -> NotifyBeside:
    config, settings = parts.config.notify, parts.document.raw
    return NotifyBeside(parts.place, config, settings, parts.journal, say=parts.display.say)


@contextmanager
def _own_slots(parts: Assembly) -> Iterator[None]:
    """Keep what people want of one run from the next."""
    file = SlotsFile.of(parts.place.state_dir)
    file.remove()
    try:
        yield
    finally:
        file.remove()


def _slots(parts: Assembly, request: RunRequest) -> int:
    """How many rows may be under way at once: as many as was asked for, if they fit."""
    wanted = request.max_parallel or parts.config.max_parallel
    slots = make_room(wanted)
    if slots < wanted:
        parts.display.say(
            f"{slots} rows at once instead of {wanted}: this process may not have more files open"
            " (`ulimit -n`)"
        )
    return slots


def check_request(request: RunRequest, warn: Callable[[str], None]) -> Place:
    """Refuse what `run_mission` would refuse, before anything is started. The mission's place.

    `warn` is told what need not keep the run from starting.

    Raises:
        MissionError: As `run_mission` raises them.
    """
    place = Place.find(request.path)
    top = repository_of(place)
    with Git(top).asked() as git:
        refuse_without_commit(git, place.path_in_repository or "")
        config, plan = examine(place, git, file=plan_file(place)).sound()
        select(plan, request)
        repository = Repository.open(top, base=config.base, remote=config.remote, asked=git)
        check_base(repository)
        for told in warnings(repository, task_path(place, repository)):
            warn(told)
    refuse_if_held(place.state_dir, timeout=A_MOMENT)
    return place


def warnings_of(place: Place, config: MissionConfig) -> tuple[str, ...]:
    """What would keep a run from starting, and what it would warn of before, a line each; nothing
    where there is no repository."""
    if place.repository is None:
        return ()
    with Git(place.repository).asked() as git:
        repository = Repository.open(
            place.repository, base=config.base, remote=config.remote, asked=git
        )
        refused: tuple[str, ...] = ()
        try:
            check_base(repository)
        except MissionError as error:
            refused = (f"A run would not start: {error}",)
        return (*refused, *warnings(repository, task_path(place, repository)))


def apply_requests(path: str | None, display: Display, stop: Stop) -> None:
    """Apply what people left in the journal, while no run does: dispatch nothing else.

    An approved row is merged, through all gates.

    Raises:
        WriterBusyError: A run holds the mission, and applies them itself.
        ClaimHeldError: ... in another clone, and it knows nothing of them.
        FindingsError: Work was approved, and the settings do not fit the plan.
    """
    with open_mission(path, display, stop) as (parts, board), ThreadEngine(1) as engine:
        claim_mission(parts, board)
        approvals = any(
            request.kind is RequestKind.APPROVE for request in parts.journal.pending_requests()
        )
        if approvals:
            refuse_misunderstood(parts.document, board.plan)
        conduct(parts, board, engine, Todo(selected=frozenset()), slots=1)
        if approvals:
            parts.status_commits.publish_status()


def _expanded(
    parts: Assembly,
    board: Board,
    refused: dict[str, Refusal | BudgetError],
    *,
    planner: str | None,
) -> bool:
    """Plan the next placeholder, if everything before it is done. False: nothing was planned;
    where that is for the budget, `refused` gets to hold it.

    Raises:
        PlannerAwayError: It can be tried again later.
    """
    milestone = None if parts.stop.requested else next_placeholder(board.plan)
    if milestone is None:
        return False
    if parts.paused:
        parts.display.say(f"{milestone.id} stays a placeholder: the mission is paused")
        return False
    try:
        made = parts.planning.expand(milestone.id, planner=planner)
        parts.planning.write_expansion(made)
    except PlannerAwayError as error:
        tell_wait(parts.journal, milestone.id, planner_away(error))
        raise
    except MissionError as error:
        if isinstance(error, BudgetError):
            refused[milestone.id] = error
            tell_wait(parts.journal, milestone.id, over_budget(error))
        parts.display.say(f"{milestone.id} stays a placeholder: {error}")
        return False
    board.reread()
    parts.display.say(f"{milestone.id}: planned as {counted(len(made.tasks), 'task')}")
    # So that people find the rows there, and edit these.
    parts.status_commits.publish_status(made.subject)
    return True


def select(plan: Plan, request: RunRequest) -> frozenset[str] | None:
    """The rows that a run is asked for; None for all.

    Raises:
        TaskFileError: A milestone or a task is not in the file.
    """
    if not request.milestones and not request.tasks:
        return None
    rows = {plan.task(name).id for name in request.tasks}
    for name in request.milestones:
        milestone = plan.milestone(name)
        if milestone.placeholder:
            raise TaskFileError(
                f"milestone {name} is a placeholder without tasks",
                hint=f"`mission expand {name}` plans it",
                path=plan.path,
                line=milestone.line,
            )
        rows |= {task.id for task in milestone.tasks}
    return frozenset(rows)
