"""Opening a mission to write in it: the lock, the journal, and everything that a run shares."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from errors import MissionError, told
from forges.persistence import Persistence
from forges.pulls import PullRequests
from forges.registry import find_forge
from gates.pause import PauseFiles
from gates.registry import Surroundings, create_gates
from mission.config import ForgeConfig, MissionConfig
from mission.config.load import config_of, open_document
from mission.journal import Journal
from mission.journal.damage import move_aside
from mission.journal.kinds import RemoteAway
from mission.place import Place, mission_home
from mission.private import private_folder
from mission.strays import refuse_strays
from orchestrator.admission.rests import Rests
from orchestrator.assembly.assembly import Assembly
from orchestrator.assembly.given import task_path
from orchestrator.claiming.carried import AllCarried, WithoutSecrets
from orchestrator.claiming.claim import NoClaim
from orchestrator.claiming.making import make_claim
from orchestrator.claiming.memory import clone_id
from orchestrator.continuing.record import CarriedRecord
from orchestrator.letters.answered import Answered
from orchestrator.letters.post import RemotePost
from orchestrator.letters.showing import Shown
from orchestrator.loop.board import Board
from orchestrator.merging.merges import Merges
from orchestrator.operations.evidence import NoRecord, OperationRecord
from orchestrator.ports.display import Display
from orchestrator.publishing.behind import Behind
from orchestrator.soundness.preflight import repository_of
from orchestrator.workers.remote import NoWorkers, RemoteAgents
from orchestrator.workplace.lookup_server import LookupServer
from tasks_md.writer import StatusWriter
from workspace.alive import started
from workspace.away import Away
from workspace.process import Stop
from workspace.redact import Redactor
from workspace.repository import Repository
from workspace.worktrees import Worktrees

A_MOMENT = 1.0  # seconds: commands such as `mission set` are the writer for less than that


@contextmanager
def open_mission(
    path: str | None,
    display: Display,
    stop: Stop,
    *,
    engine_run: str | None = None,
    remote: RemoteAgents | None = None,
    operations: OperationRecord | None = None,
    take_over: bool = False,
) -> Iterator[tuple[Assembly, Board]]:
    """The parts of a mission for its one writer, for as long as the `with` lasts.

    What starts, merges or changes a row takes the claim first (`orchestrator.becoming`); it is
    given back at the end.

    Args:
        take_over: Whether a person wants the claim of a clone that may be dead.

    Raises:
        UsageError: There is no task file, or it is not in a git repository.
        WriterBusyError: Another process holds the mission.
        ConfigError: `mission.yaml` cannot be read.
    """
    place = Place.find(path)
    top = repository_of(place)
    refuse_strays(place.config_file)
    document = open_document(place.config_file)
    config = config_of(document)
    place.keep_state()
    writer = StatusWriter(place.task_file, lock_dir=place.state_dir, dialect=config.dialect)
    redactor = Redactor.from_environment({**os.environ, **_set_for_agents(config)})
    writer.acquire(timeout=A_MOMENT)
    with writer, Journal.open(place.journal_file, redact=redactor.text) as opened:
        pause = PauseFiles.of(state_dir=place.state_dir, folder=place.folder)
        tell_away = partial(_tell_away, opened, display)
        away = Away(patience=config.patience, stop=stop, tell=tell_away)
        repository = Repository.open(top, base=config.base, remote=config.remote, away=away)
        _clear_locks(repository, display)
        run = opened.start_run(
            mission=config.mission or place.task_file.parent.name,
            host=socket.gethostname(),
            pid=os.getpid(),
            pid_started=started(os.getpid()) or 0.0,
            engine_run=engine_run,
        )
        journal = opened.in_run(run)
        signed = config.requests.signed is not None
        shown = Shown(place, journal, pause, Answered(journal, signed=signed))
        record = CarriedRecord(
            clone=clone_id(place.state_dir, repository.common_dir),
            journal=journal,
            file=writer,
            committed=lambda: parts.taking_in.taken_in_plan(),  # noqa: PLW0108  there are no parts yet
            display=display,
            signed=signed,
        )
        claim = make_claim(
            place,
            config,
            repository,
            carried=WithoutSecrets(AllCarried((record, shown)), redactor.line),
            stop=stop,
            say=display.say,
            tell_away=partial(_tell_away, journal, display),
            take_over=take_over,
        )
        post = None
        if not isinstance(claim, NoClaim):
            post = RemotePost(repository, key=place.state_dir.name, state_dir=place.state_dir)
        lookups = LookupServer(place.task_file, place.state_dir)
        task_file = task_path(place, repository)
        repository = replace(repository, escort=claim, task_file=task_file)
        parts = Assembly(
            place=place,
            config=config,
            document=document,
            journal=journal,
            writer=writer,
            repository=repository,
            worktrees=Worktrees(
                repository,
                _worktrees_folder(place),
                in_use=lambda: _in_use(journal),
                pooled=True,
                keep=config.worktree.keep,
            ),
            gates=create_gates(
                config.gates,
                Surroundings(
                    folder=repository.top,
                    stop=stop,
                    redact=redactor.line,
                    forge=config.forge,
                    remote_url=repository.address() if config.gates else None,
                    pause=pause,
                ),
            ),
            pause=pause,
            pulls=_pulls(config, repository, stop),
            redactor=redactor,
            display=display,
            stop=stop,
            rests=Rests(config),
            landed=Merges(
                repository,
                journal,
                task_file,
                config.dialect,
                index=place.state_dir / "base-log",
            ),
            away=away,
            behind=Behind(repository, display.say, journal),
            claim=claim,
            shown=shown,
            post=post,
            lookups=lookups,
            remote=remote or NoWorkers(),
            operations=operations or NoRecord(),
        )
        outcome = "crashed"
        try:
            parts.whereabouts.begin()
            yield parts, Board(writer, journal)
            parts.whereabouts.end(parts.taking_in.taken_in_commit())
            outcome = "stopped" if stop.requested else "ended"
        except OSError as error:
            disk = parts.disks.to_blame(error)
            if disk is None:
                raise
            raise disk from error
        finally:
            _do_all(
                lookups.close,
                claim.give_back,
                post.close if post is not None else lambda: None,
                partial(_leave_as_found, repository, display),
                repository.close,
                partial(journal.end_run, run, outcome),
                partial(_clear_pool, parts.worktrees, display),  # of large ones it takes a while
            )


def _do_all(*steps: Callable[[], object]) -> None:
    """Each of them, one after the other, whatever comes of those before; then what they raised."""
    with ExitStack() as stack:
        for step in reversed(steps):
            stack.callback(step)


def move_journal_aside(path: str | None) -> Path | None:
    """Move a mission's journal away, so that the next to open the mission begins a new one; where
    it is now. None: there was none.

    Raises:
        UsageError: There is no task file.
        WriterBusyError: Another process holds the mission.
        OSError: It cannot be moved.
    """
    place = Place.find(path)
    place.state_dir.mkdir(parents=True, exist_ok=True)
    writer = StatusWriter(place.task_file, lock_dir=place.state_dir)
    writer.acquire(timeout=A_MOMENT)
    with writer:
        return move_aside(place.journal_file)


def _clear_locks(repository: Repository, display: Display) -> None:
    """Remove the locks, and the like, of git commands that were killed with an earlier run."""
    for left in repository.clear_locks():
        display.say(f"{left} is removed: a git command of a run that was killed left it")


def _leave_as_found(repository: Repository, display: Display) -> None:
    """A person's next commit is not to have what somebody set meanwhile."""
    try:
        repository.settings.check()
    except (MissionError, OSError) as error:
        display.say(str(told(error)))


def _clear_pool(worktrees: Worktrees, display: Display) -> None:
    try:
        worktrees.clear_pool()
    except OSError as error:
        display.say(f"a folder that worktrees were made from cannot be removed: {error}")


def _tell_away(journal: Journal, display: Display, text: str, away: bool) -> None:
    """Say, here and to those who ask for the status, that the remote is away or back."""
    journal.record(RemoteAway(away=away, text=text))
    display.say(text)


def _pulls(config: MissionConfig, repository: Repository, stop: Stop) -> PullRequests | None:
    """The forge's pull requests, for missions that say that they use a forge.

    Raises:
        ConfigError: The configuration does not say enough about the forge.
    """
    queue = any(gate.type == "queue" for gate in config.gates)
    if repository.remote is None or not (queue or config.forge != ForgeConfig()):
        return None
    forge = find_forge(config.forge, repository.address(), os.environ, required=queue, stop=stop)
    if forge is None:
        return None
    return PullRequests(forge=forge, persistence=Persistence(stop=stop))


def _set_for_agents(config: MissionConfig) -> dict[str, str]:
    """The variables that mission.yaml sets, under names that keep those of the agents apart."""
    return {
        f"{agent}:{name}": value
        for agent, settings in config.agents.items()
        for name, value in settings.set.items()
    }


def _in_use(journal: Journal) -> frozenset[Path]:
    """The worktrees of attempts that have not ended."""
    open_ones = (attempt.worktree for attempt in journal.open_attempts())
    return frozenset(Path(worktree) for worktree in open_ones if worktree is not None)


def _worktrees_folder(place: Place) -> Path:
    """A folder of this mission's own, outside the repository: agents' tools treat `.git` apart."""
    digest = hashlib.sha256(str(place.common_dir).encode("utf-8", "surrogateescape")).hexdigest()
    name = f"{place.repository.name if place.repository else 'bare'}-{digest[:8]}"
    top = mission_home() / "worktrees"
    folder = top / name / place.state_dir.name
    private_folder(folder, top=top)
    return folder
