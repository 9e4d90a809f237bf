"""Parts that many others use: gates on the way, agents and checks, what is published."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from errors import GitError, UsageError
from mission.journal.kinds import StatusSet
from mission.plan import read_plan
from mission.slots import SlotsFile
from orchestrator.assembly.given import Given
from orchestrator.gating.passage import Passage
from orchestrator.gating.settings_files import SettingsFiles
from orchestrator.letters.carrier import Carrier, Mail, NoMail
from orchestrator.letters.keys import Keys
from orchestrator.letters.letters import Letters
from orchestrator.loop.notes import with_word
from orchestrator.publishing.issues import IssueBook
from orchestrator.publishing.own_commits import OwnCommits
from orchestrator.publishing.review_reports import ReviewReports
from orchestrator.publishing.status import StatusCommits
from orchestrator.publishing.taking_in import TakingIn
from orchestrator.publishing.whereabouts import Checkout
from orchestrator.soundness.noticing import Noticing
from orchestrator.workers.sending import Errands
from orchestrator.workplace.asking import Asking
from orchestrator.workplace.preparing import Preparing
from orchestrator.workplace.verifying import Verifier
from tasks_md.model import Plan
from workspace.disks import Disks
from workspace.signatures import ssh_keygen
from workspace.submodule_files import SubmoduleFiles
from workspace.submodule_hosts import SubmoduleHosts


@dataclass(frozen=True, kw_only=True)
class Shared(Given):
    """... and what many parts use."""

    @cached_property
    def disks(self) -> Disks:
        """The folders that a run cannot do without."""
        place, common_dir = self.place, self.repository.common_dir
        folders = [place.state_dir, common_dir, place.folder, self.worktrees.root]
        folders.append(Path(tempfile.gettempdir()))
        return Disks(
            folders=tuple(dict.fromkeys(folders)),
            work=self.worktrees.root,
            met=lambda: self.journal.full,
        )

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
            lookups=self.lookups,
            journal=self.journal,
            redactor=self.redactor,
            display=self.display,
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
            preparing=self.preparing,
            redactor=self.redactor,
            display=self.display,
            stop=self.stop,
        )

    @cached_property
    def preparing(self) -> Preparing:
        """Makes folders fit to work in."""
        return Preparing(
            config=self.config.worktree,
            place=self.place,
            top=self.repository.top,
            worktrees=self.worktrees,
            submodules=self._submodules(),
            redactor=self.redactor,
        )

    def _submodules(self) -> SubmoduleFiles | None:
        given = self.config.worktree.submodules
        if not given:
            return None
        wanted = None if given is True else given
        store = self.place.state_dir / "submodules"
        return SubmoduleFiles(hosts=self.hosts, store=store, wanted=wanted)

    @cached_property
    def hosts(self) -> SubmoduleHosts:
        """Where submodules come from."""
        return SubmoduleHosts.of(self.repository, self.display.say)

    def mail(self, wake: Callable[[], None]) -> Mail:
        """Requests from other clones, for as long as a loop runs.

        Args:
            wake: Tells the loop that there are some. It must not block.
        """
        if self.post is None or not self.claim.taken:
            return NoMail()
        requests = self.config.requests
        if requests.signed is not None:
            self._tell_without_keygen()
        keys = Keys(named=requests.signed or "", repository=self.repository)
        letters = Letters(
            self.post,
            self.journal,
            self.shown.answered,
            self.pause,
            SlotsFile.of(self.place.state_dir),
            mission=self.place.state_dir.name,
            config=requests,
            keys=keys.read,
            plan=lambda: read_plan(self.place),
            clock=self.clock,
            display=self.display,
        )
        return Carrier(
            letters,
            look=requests.look,
            publish=self.claim.prove,
            is_behind=lambda: self.shown.is_behind,
            wake=wake,
            say=self.display.say,
        )

    def _tell_without_keygen(self) -> None:
        try:
            ssh_keygen()
        except UsageError as error:
            self.display.say(f"requests from other clones are all refused: {error.message}")

    @cached_property
    def has_mail(self) -> bool:
        """Whether requests from other clones lay there when this was asked first. A remote that is
        away has none."""
        try:
            return self.post is not None and bool(self.post.waiting())
        except GitError:
            return False

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
    def noticing(self) -> Noticing:
        """What people break while the run is under way."""
        return Noticing(self.place.config_file, self.display.say)

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
            is_away=lambda: self.whereabouts.away,
        )

    @cached_property
    def whereabouts(self) -> Checkout:
        """Where the plan is."""
        return Checkout(
            self.place,
            self.writer,
            self.repository,
            self.own_commits,
            take_in=self.taking_in.take_in,
            wrote=lambda task: {
                event.what.new for event in self.journal.events(StatusSet, task=task)
            },
            plain=lambda notes: with_word(notes, ""),
            say=self.display.say,
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
