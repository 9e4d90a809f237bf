"""Parts that many others use: gates on the way, agents and checks, what is published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from orchestrator.assembly.given import Given
from orchestrator.gating.passage import Passage
from orchestrator.gating.settings_files import SettingsFiles
from orchestrator.publishing.issues import IssueBook
from orchestrator.publishing.own_commits import OwnCommits
from orchestrator.publishing.review_reports import ReviewReports
from orchestrator.publishing.status import StatusCommits
from orchestrator.publishing.taking_in import TakingIn
from orchestrator.soundness.noticing import Noticing
from orchestrator.workers.sending import Errands
from orchestrator.workplace.asking import Asking
from orchestrator.workplace.verifying import Verifier
from tasks_md.model import Plan


@dataclass(frozen=True, kw_only=True)
class Shared(Given):
    """... and what many parts use."""

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
            redactor=self.redactor,
            display=self.display,
            stop=self.stop,
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
