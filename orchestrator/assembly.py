"""Puts the parts of a run together: which part gets which ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
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
from orchestrator.attempts.delivery import Delivering
from orchestrator.attempts.repairing import Repairing
from orchestrator.attempts.resuming import Resuming
from orchestrator.attempts.retrying import Retrying
from orchestrator.attempts.reviewing import Reviewing
from orchestrator.attempts.sending_back import SendingBack
from orchestrator.attempts.work import AgentWork
from orchestrator.expanding import Planning
from orchestrator.facts import Comparison
from orchestrator.gating.passage import Passage
from orchestrator.gating.settings_files import SettingsFiles
from orchestrator.merging.candidates import Candidates
from orchestrator.merging.landings import ForgeLandings, Landings, PushLandings
from orchestrator.merging.merges import Merges
from orchestrator.merging.pulling import Pulling
from orchestrator.merging.squashing import Squashing
from orchestrator.operations.evidence import NoRecord, OperationRecord
from orchestrator.ports.display import Display
from orchestrator.publishing.behind import Behind
from orchestrator.publishing.issues import IssueBook
from orchestrator.publishing.own_commits import OwnCommits
from orchestrator.publishing.review_reports import ReviewReports
from orchestrator.publishing.status import StatusCommits
from orchestrator.publishing.taking_in import TakingIn
from orchestrator.recovery.proving import Proving
from orchestrator.recovery.recovery import Recovery
from orchestrator.workers.remote import NoWorkers, RemoteAgents
from orchestrator.workers.sending import Errands
from orchestrator.workplace.asking import Asking
from orchestrator.workplace.verifying import Verifier
from policy.backoff import Chance, system_chance
from tasks_md.model import Plan
from tasks_md.writer import StatusWriter
from workspace.away import Away
from workspace.process import Stop
from workspace.redact import Redactor
from workspace.repository import Repository
from workspace.worktrees import Worktrees


def task_path(place: Place, repository: Repository) -> str:
    """The task file's path inside its repository, with forward slashes."""
    return place.task_file.relative_to(repository.top).as_posix()


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """The parts of one run, or of one command that acts on a mission.

    Nothing below is handed this: each part names the ports that it uses.
    """

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
    remote: RemoteAgents = field(default_factory=NoWorkers)  # for agents that work on workers
    operations: OperationRecord = field(default_factory=NoRecord)  # the engine's, of operations
    clock: Clock = SYSTEM_CLOCK
    # What `config` was read from: where its keys stand, for what is said about them.
    document: Document = field(default_factory=Document)
    dice: Chance = system_chance  # spreads retries
    base_lock: Lock = field(default_factory=Lock)  # held around everything that moves the base

    @property
    def paused(self) -> bool:
        """Whether a person has paused the mission: nothing new is dispatched."""
        return self.pause.read() is not None

    @property
    def task_file(self) -> str:
        """The task file's path inside the repository, with forward slashes."""
        return task_path(self.place, self.repository)

    @cached_property
    def passage(self) -> Passage:
        """Gates on the way to the remote and to the base."""
        return Passage(
            config=self.config,
            journal=self.journal,
            gates=self.gates,
            redactor=self.redactor,
            display=self.display,
            stop=self.stop,
        )

    @cached_property
    def settings_files(self) -> SettingsFiles:
        """What the mission names as files that the runner acts on."""
        return SettingsFiles(place=self.place, config=self.config, repository=self.repository)

    @cached_property
    def asking(self) -> Asking:
        """Puts questions to agents on this machine."""
        return Asking(
            place=self.place,
            config=self.config,
            redactor=self.redactor,
            display=self.display,
            stop=self.stop,
        )

    @cached_property
    def errands(self) -> Errands:
        """Agents that work elsewhere, or read and change nothing: what they are asked, and their
        answer."""
        return Errands(
            asking=self.asking,
            place=self.place,
            config=self.config,
            journal=self.journal,
            repository=self.repository,
            worktrees=self.worktrees,
            remote=self.remote,
            redactor=self.redactor,
            display=self.display,
            stop=self.stop,
        )

    @cached_property
    def comparison(self) -> Comparison:
        """What the file says, held against git, forge, gates and journal."""
        return Comparison(
            journal=self.journal,
            repository=self.repository,
            landed=self.landed,
            gates=self.gates,
            pulls=self.pulls,
            redactor=self.redactor,
        )

    def issues(self, plan: Callable[[], Plan]) -> IssueBook:
        """The issues that the rows of a plan name."""
        return IssueBook(
            self.pulls,
            plan,
            task_file=self.task_file,
            journal=self.journal,
            redactor=self.redactor,
            display=self.display,
        )

    @cached_property
    def reports(self) -> ReviewReports:
        """The reports of rows, beside the plan."""
        return ReviewReports(
            place=self.place, writer=self.writer, repository=self.repository, redactor=self.redactor
        )

    @cached_property
    def own_commits(self) -> OwnCommits:
        """Commits that our task file has seen."""
        return OwnCommits(repository=self.repository, task_file=self.task_file)

    @cached_property
    def taking_in(self) -> TakingIn:
        """Takes what others pushed into the task file, and lets the checkout follow."""
        return TakingIn(
            own_commits=self.own_commits,
            journal=self.journal,
            writer=self.writer,
            repository=self.repository,
            task_file=self.task_file,
            behind=self.behind,
            base_lock=self.base_lock,
            display=self.display,
        )

    @cached_property
    def status_commits(self) -> StatusCommits:
        """Status, as commits of the task file on top of the base."""
        return StatusCommits(
            taking_in=self.taking_in,
            own_commits=self.own_commits,
            reports=self.reports,
            passage=self.passage,
            place=self.place,
            config=self.config,
            journal=self.journal,
            writer=self.writer,
            repository=self.repository,
            task_file=self.task_file,
            base_lock=self.base_lock,
            display=self.display,
            stop=self.stop,
        )

    @cached_property
    def verifier(self) -> Verifier:
        """Runs the verify steps on trees, in fresh and full checkouts, each once."""
        return Verifier(
            place=self.place,
            config=self.config,
            journal=self.journal,
            repository=self.repository,
            worktrees=self.worktrees,
            redactor=self.redactor,
            display=self.display,
            stop=self.stop,
        )

    @cached_property
    def squashing(self) -> Squashing:
        """Makes and checks the squash commits of finished rows, and finishes what has merged."""
        return Squashing(
            taking_in=self.taking_in,
            settings_files=self.settings_files,
            passage=self.passage,
            journal=self.journal,
            repository=self.repository,
            task_file=self.task_file,
            landed=self.landed,
        )

    @cached_property
    def pulling(self) -> Pulling:
        """Pull requests of rows, from their opening to their end."""
        return Pulling(
            squashing=self.squashing,
            journal=self.journal,
            repository=self.repository,
            redactor=self.redactor,
            display=self.display,
        )

    @cached_property
    def candidates(self) -> Candidates:
        """Squash commits that are tried and verified before the base moves to them."""
        return Candidates(
            squashing=self.squashing,
            verifier=self.verifier,
            place=self.place,
            repository=self.repository,
            display=self.display,
        )

    def landings(self) -> Landings:
        """How candidates land. With a forge, branches that go one by one are merged by it; what
        lands together is pushed."""
        if self.pulls is None or self.config.merge.strategy == "batch":
            return PushLandings(
                pulling=self.pulling,
                config=self.config,
                repository=self.repository,
                pulls=self.pulls,
            )
        return ForgeLandings(
            self.pulls,
            verifier=self.verifier,
            pulling=self.pulling,
            journal=self.journal,
            repository=self.repository,
            display=self.display,
            stop=self.stop,
        )

    @cached_property
    def retrying(self) -> Retrying:
        """What follows from an agent's end, with the journal's history of the row."""
        return Retrying(config=self.config, journal=self.journal, clock=self.clock, dice=self.dice)

    @cached_property
    def repairing(self) -> Repairing:
        """Work that does not apply to the base: whether its agent gets it back."""
        return Repairing(retrying=self.retrying, config=self.config, journal=self.journal)

    @cached_property
    def agent_work(self) -> AgentWork:
        """The agent's part of an attempt."""
        return AgentWork(
            repairing=self.repairing,
            errands=self.errands,
            asking=self.asking,
            config=self.config,
            journal=self.journal,
            repository=self.repository,
            worktrees=self.worktrees,
            task_file=self.task_file,
            landed=self.landed,
            redactor=self.redactor,
            display=self.display,
        )

    @cached_property
    def sending_back(self) -> SendingBack:
        """Work that may not merge: whether its agent gets it back, and in which state."""
        return SendingBack(
            agent_work=self.agent_work,
            retrying=self.retrying,
            config=self.config,
            repository=self.repository,
            task_file=self.task_file,
            display=self.display,
        )

    @cached_property
    def resuming(self) -> Resuming:
        """Attempts that are taken up again."""
        return Resuming(
            agent_work=self.agent_work,
            journal=self.journal,
            repository=self.repository,
            landed=self.landed,
            display=self.display,
        )

    @cached_property
    def delivering(self) -> Delivering:
        """Finished work, from its branch to the remote."""
        return Delivering(
            agent_work=self.agent_work,
            pulling=self.pulling,
            verifier=self.verifier,
            passage=self.passage,
            journal=self.journal,
            repository=self.repository,
            pulls=self.pulls,
            redactor=self.redactor,
            display=self.display,
        )

    @cached_property
    def reviewing(self) -> Reviewing:
        """Reviews of finished work, and who else has to look at it."""
        return Reviewing(
            retrying=self.retrying,
            errands=self.errands,
            settings_files=self.settings_files,
            config=self.config,
            journal=self.journal,
            clock=self.clock,
            repository=self.repository,
            worktrees=self.worktrees,
            task_file=self.task_file,
            redactor=self.redactor,
            stop=self.stop,
        )

    @cached_property
    def proving(self) -> Proving:
        """Sets the rows that the base holds to done."""
        return Proving(
            landed=self.landed,
            journal=self.journal,
            display=self.display,
            issues=self.issues,
            clear=self.agent_work.clear,
            base=self.repository.base,
        )

    @cached_property
    def recovery(self) -> Recovery:
        """Makes journal, git and file agree before anything is dispatched."""
        return Recovery(proving=self.proving, journal=self.journal, display=self.display)

    @cached_property
    def planning(self) -> Planning:
        """Placeholders become rows: an agent plans them, and every rule is held against its
        plan."""
        return Planning(
            retrying=self.retrying,
            errands=self.errands,
            place=self.place,
            config=self.config,
            document=self.document,
            journal=self.journal,
            clock=self.clock,
            dice=self.dice,
            writer=self.writer,
            repository=self.repository,
            worktrees=self.worktrees,
            rests=self.rests,
            redactor=self.redactor,
            display=self.display,
            stop=self.stop,
        )
