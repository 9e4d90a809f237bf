"""All parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from orchestrator.assembly.shared import Shared
from orchestrator.attempts.attempt import AttemptRunner
from orchestrator.attempts.beginning import Beginning
from orchestrator.attempts.circumstances import Surveying
from orchestrator.attempts.delivery import Delivering
from orchestrator.attempts.ending import Ending
from orchestrator.attempts.failing import Failing
from orchestrator.attempts.repairing import Repairing
from orchestrator.attempts.resuming import Resuming
from orchestrator.attempts.retrying import Retrying
from orchestrator.attempts.reviewing import Reviewing
from orchestrator.attempts.sending_back import SendingBack
from orchestrator.attempts.work import AgentWork
from orchestrator.continuing.branches import LeftBranches
from orchestrator.continuing.catching_up import CatchingUp
from orchestrator.expanding import Planning
from orchestrator.facts import Comparison
from orchestrator.merging.candidates import Candidates
from orchestrator.merging.landings import ForgeLandings, Landings, PushLandings
from orchestrator.merging.pruning import Pruning
from orchestrator.merging.pulling import Pulling
from orchestrator.merging.queue import MergeQueue
from orchestrator.merging.squashing import Squashing
from orchestrator.publishing.issues import IssueBook
from orchestrator.recovery.gone_rows import GoneRows
from orchestrator.recovery.proving import Proving
from orchestrator.recovery.recovery import Recovery


@dataclass(frozen=True, kw_only=True)
class Assembly(Shared):
    """The parts of one run, or of one command that acts on a mission.

    Nothing below is handed this: each part names the ports that it uses.
    """

    @cached_property
    def comparison(self) -> Comparison:
        """What the file says, held against git, forge, gates and journal."""
        return Comparison(
            journal=self.journal,
            repository=self.repository,
            landed=self.landed,
            gates=self.gates,
            pulls=self.pulls,
            done_since=self.taking_in.done_since,
            redactor=self.redactor,
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
    def pruning(self) -> Pruning:
        """Branches of merged rows are deleted."""
        return Pruning(
            pulling=self.pulling,
            pulls=self.pulls,
            config=self.config,
            journal=self.journal,
            repository=self.repository,
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
            claim=self.claim,
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
    def beginning(self) -> Beginning:
        """Finds or makes the folder that an attempt works in."""
        return Beginning(
            journal=self.journal,
            repository=self.repository,
            worktrees=self.worktrees,
            display=self.display,
        )

    @cached_property
    def surveying(self) -> Surveying:
        """What stands around a row, for its brief."""
        return Surveying(
            config=self.config,
            journal=self.journal,
            repository=self.repository,
            landed=self.landed,
            pulls=self.pulls,
            display=self.display,
        )

    @cached_property
    def agent_work(self) -> AgentWork:
        """The agent's part of an attempt."""
        return AgentWork(
            beginning=self.beginning,
            surveying=self.surveying,
            repairing=self.repairing,
            errands=self.errands,
            asking=self.asking,
            config=self.config,
            journal=self.journal,
            repository=self.repository,
            worktrees=self.worktrees,
            preparing=self.preparing,
            task_file=self.task_file,
            landed=self.landed,
            redactor=self.redactor,
            display=self.display,
            disks=self.disks,
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
            hosts=self.hosts,
            redactor=self.redactor,
            display=self.display,
        )

    @cached_property
    def reviewing(self) -> Reviewing:
        """Reviews of finished work, and who else has to look at it."""
        return Reviewing(
            surveying=self.surveying,
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
            disks=self.disks,
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
    def gone_rows(self) -> GoneRows:
        """Looks for work that belongs to no row."""
        return GoneRows(
            journal=self.journal,
            repository=self.repository,
            worktrees=self.worktrees,
            display=self.display,
        )

    @cached_property
    def catching_up(self) -> CatchingUp:
        """Going on with what another clone left."""
        return CatchingUp(
            journal=self.journal,
            file=self.writer,
            repository=self.repository,
            task_file=self.task_file,
            dialect=self.config.dialect,
            branches=LeftBranches(
                journal=self.journal,
                repository=self.repository,
                worktrees=self.worktrees,
                display=self.display,
            ),
            display=self.display,
        )

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
            claim=self.claim,
        )

    def attempts(self, issues: IssueBook) -> AttemptRunner:
        """Who carries out the rows that agents work on."""
        return AttemptRunner(
            self.merge_queue(),
            issues,
            ending=self.ending,
            failing=Failing(
                ending=self.ending,
                sending_back=self.sending_back,
                repairing=self.repairing,
                issues=issues,
                journal=self.journal,
                clock=self.clock,
                disks=self.disks,
            ),
            reviewing=self.reviewing,
            delivering=self.delivering,
            resuming=self.resuming,
            agent_work=self.agent_work,
            repairing=self.repairing,
            retrying=self.retrying,
            pruning=self.pruning,
            reports=self.reports,
            config=self.config,
            journal=self.journal,
            clock=self.clock,
            repository=self.repository,
            task_file=self.task_file,
            display=self.display,
            disks=self.disks,
        )

    def merge_queue(self) -> MergeQueue:
        """Who brings finished branches to the base."""
        return MergeQueue(
            self.landings(),
            candidates=self.candidates,
            squashing=self.squashing,
            config=self.config,
            journal=self.journal,
            repository=self.repository,
            base_lock=self.base_lock,
            display=self.display,
        )

    @cached_property
    def ending(self) -> Ending:
        """Makes ends of attempts."""
        return Ending(redactor=self.redactor)
