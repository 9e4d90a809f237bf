"""What the parts are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from forges.pulls import PullRequests
from gates.pause import PauseFiles
from gates.protocol import Gate
from mission.clock import SYSTEM_CLOCK, Clock
from mission.config import MissionConfig
from mission.config.document import Document
from mission.journal import Journal
from mission.place import Place
from orchestrator.admission.rests import Rests
from orchestrator.claiming.claim import Claim, NoClaim
from orchestrator.letters.post import Post
from orchestrator.letters.showing import Shown
from orchestrator.merging.merges import Merges
from orchestrator.operations.evidence import NoRecord, OperationRecord
from orchestrator.ports.display import Display
from orchestrator.publishing.behind import Behind
from orchestrator.workers.remote import NoWorkers, RemoteAgents
from orchestrator.workplace.lookup_server import Lookups, NoLookups
from policy.backoff import Chance, system_chance
from tasks_md.writer import StatusWriter
from workspace.away import Away
from workspace.process import Stop
from workspace.redact import Redactor
from workspace.repository import Repository
from workspace.worktrees import Worktrees


def task_path(place: Place, repository: Repository) -> str:
    """The task file's path inside its repository, with forward slashes."""
    return place.task_file.relative_to(repository.top).as_posix()


def _new_lock() -> Lock:
    """Made here, and not by whichever class is made of this one: the page about locks says so."""
    return Lock()


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a run, or a command that acts on a mission, begins with."""

    place: Place  # where the mission's files are
    config: MissionConfig
    journal: Journal  # written in the name of this run
    writer: StatusWriter  # of the task file; the board and the publisher use it
    repository: Repository
    worktrees: Worktrees
    gates: tuple[Gate, ...]  # asked before every push and every merge
    pause: PauseFiles
    pulls: PullRequests | None  # the forge's, where one is configured
    redactor: Redactor
    display: Display
    stop: Stop
    rests: Rests  # providers that take no work for a while
    landed: Merges  # what the base holds of the mission
    away: Away  # the remote, while it cannot be reached
    behind: Behind  # what keeps the checkout from following it
    shown: Shown  # what other clones see of it
    claim: Claim = field(default_factory=NoClaim)  # says to other clones that we have the mission
    post: Post | None = None  # how they ask; None: nobody can
    lookups: Lookups = field(default_factory=NoLookups)  # where agents look the mission up
    remote: RemoteAgents = field(default_factory=NoWorkers)  # for agents that work on workers
    operations: OperationRecord = field(default_factory=NoRecord)  # the engine's, of operations
    clock: Clock = SYSTEM_CLOCK
    # What `config` was read from: where its keys stand, for what is said about them.
    document: Document = field(default_factory=Document)
    dice: Chance = system_chance  # spreads retries
    base_lock: Lock = field(default_factory=_new_lock)  # held around everything that moves the base

    @property
    def paused(self) -> bool:
        """Whether a person has paused the mission: nothing new is dispatched."""
        return self.pause.read() is not None

    @property
    def task_file(self) -> str:
        """The task file's path inside the repository, with forward slashes."""
        return task_path(self.place, self.repository)
