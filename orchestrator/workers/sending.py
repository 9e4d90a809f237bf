"""The agent's part of an attempt on a worker: send the errand, wait, fetch what was pushed."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from agents.lookup import wanted
from agents.protocol import Result
from agents.registry import settings as agent_settings
from errors import AgentError, GitError, WorkersAwayError
from gates.protocol import Purpose
from mission.amounts import span
from mission.config import MissionConfig
from mission.journal import Attempt, Journal
from mission.journal.kinds import ErrandKeyed, ErrandSent, GateAnswered, Pushed, WorkHeld
from mission.outcome import Outcome
from mission.place import Place
from mission.usage import Usage
from orchestrator.ports.display import Display
from orchestrator.workers.errand import Delivery, Errand, without_credentials
from orchestrator.workers.remote import RemoteAgents
from orchestrator.workers.sent import Sent, asked_before, held_before, left_by_a_crash
from orchestrator.workers.watched import Watched, booked_before, told_before
from orchestrator.workplace.asking import Asking, Question
from orchestrator.workplace.commit_files import PROGRAMS, commit_files
from orchestrator.workplace.programs import programs_of
from workspace import changes
from workspace.away import PAUSES
from workspace.redact import Redactor
from workspace.repository import Repository
from workspace.worktree import Worktree
from workspace.worktrees import Worktrees

_Answer = TypeVar("_Answer")
_NO_LOOKUP = "it works on a worker, and the run has nobody there to ask"
FINISHED = frozenset({Outcome.SUCCESS, Outcome.NEEDS_QA})


def works_elsewhere(config: MissionConfig, agent: str) -> bool:
    """Whether an agent carries rows out on workers.

    Raises:
        AgentError: The agent is not configured.
    """
    return agent_settings(agent, config).where == "worker"


@dataclass(frozen=True, kw_only=True)
class Errands:
    """Agents that work elsewhere, or read and change nothing: what they are asked, and their
    answer."""

    asking: Asking
    place: Place
    config: MissionConfig
    journal: Journal
    repository: Repository
    worktrees: Worktrees
    remote: RemoteAgents
    redactor: Redactor
    display: Display

    def send(self, question: Question, author: str, *, others_worked: bool) -> Delivery:
        """A worker's answer. Every way in which it may fail is an outcome.

        Args:
            others_worked: Whether another agent has worked at the row before.

        Raises:
            AgentError: The workers cannot be asked.
        """
        attempt = question.attempt
        errand = replace(
            self._errand(question, attempt.base_commit),
            branch=attempt.branch,
            author=author,
            held=held_before(self.journal, attempt),
            others_worked=others_worked,
        )
        earlier = self._earlier(question, errand, left_by_a_crash(self.journal, attempt))
        booked = told_before(self.journal, attempt, earlier)
        return self._exchange(question, errand, earlier, booked)

    def consult(self, question: Question, *, commit: str, about: str) -> Result:
        """The answer of an agent that reads the repository at `commit` and changes nothing: asked
        in the question's folder, which is made for it, or on a worker where the agent works there.

        Args:
            commit: On the remote, if a worker is asked.
            about: What it is asked for: review, plan.

        Raises:
            AgentError: The agent is not configured, or the workers cannot be asked.
        """
        if works_elsewhere(self.config, question.agent):
            errand = replace(self._errand(question, commit), about=about)
            before = asked_before(self.journal, question.attempt, about, commit)
            earlier = self._earlier(question, errand, before)
            booked = booked_before(self.journal, question.attempt, earlier)
            return self._exchange(question, errand, earlier, booked).result
        answer: Result | None = None
        try:
            with self._laid_out(question, commit, f"{question.task}.{about}") as there:
                answer = self.asking.ask(there)
        except (GitError, OSError) as error:
            if answer is None:
                raise
            # What was laid out for it is removed as the next run begins.
            self.display.say(f"{question.task}: {error}")
        return answer

    @contextmanager
    def _laid_out(self, question: Question, commit: str, name: str) -> Iterator[Question]:
        """The question, in a folder with the files of `commit`, while the block runs."""
        number = question.attempt.number
        with commit_files(self.worktrees, name, number, commit=commit) as place:
            programs = programs_of(
                agent_settings(question.agent, self.config),
                self.worktrees,
                self.repository.git,
                place=(f"{name}-{PROGRAMS}", number),
                base=self.repository.base_tip(),
                tree=place.path,
            )
            with self.worktrees.lent(place, returns=False), programs as files:
                yield replace(question, folder=place.path, programs=files)

    def _exchange(
        self, question: Question, errand: Errand, earlier: str | None, booked: Usage
    ) -> Delivery:
        """Send an errand, unless it was sent before and can still be waited for; wait for its end.

        Args:
            booked: What is journalled already of what the earlier one used.
        """
        attempt = question.attempt
        if earlier is None and wanted(errand.settings):
            self.asking.note_no_lookup(question, _NO_LOOKUP)
        run = earlier or self._started(question, errand, secrets.token_hex(16))
        self.journal.record(
            ErrandSent(remote_run=run, about=errand.about, commit=errand.commit),
            task=attempt.task,
            attempt=attempt.id,
        )
        watched = Watched(
            question,
            booked,
            asking=self.asking,
            config=self.config,
            redactor=self.redactor,
            display=self.display,
        )
        watched.show("on a worker")
        delivery = self.remote.wait(run, question.stop, watched.show)
        watched.keep(delivery)
        return replace(delivery, result=watched.complete(delivery.result))

    def _earlier(self, question: Question, errand: Errand, before: Sent) -> str | None:
        """The run of an errand that went out before, or may have, where waiting for it is of use.

        Raises:
            AgentError: Nobody could be asked.
        """
        run = before.run
        if run is None and before.key is not None:
            run = self._started(question, errand, before.key)
        if run is None or not self._reached(question, partial(self.remote.holds, run)):
            return None
        if before.run is not None:
            self.display.say(f"{question.task}: goes on waiting for a worker that had it before")
        return run

    def _started(self, question: Question, errand: Errand, key: str) -> str:
        """The run of an errand. Its key is journalled first: who asks after us asks with the same
        one, and where only the answer was lost, the run that there is comes back."""
        self.journal.record(
            ErrandKeyed(key=key, about=errand.about, commit=errand.commit),
            task=question.task,
            attempt=question.attempt.id,
        )
        return self._reached(question, lambda: self.remote.start(errand, key))

    def _errand(self, question: Question, commit: str | None) -> Errand:
        """The question as an errand that changes nothing."""
        attempt, config = question.attempt, self.config
        settings = question.settings or agent_settings(question.agent, config)
        repository = self.repository
        if repository.remote is None or commit is None:
            raise AgentError(
                f"{question.agent} works on workers, and they clone from a remote: there is none",
                hint="Add one with `git remote add origin URL`, or set `where: here`",
            )
        plain = json.dumps(settings.model_dump(mode="json"))
        if self.redactor.text(plain) != plain:
            raise AgentError(
                f"mission.yaml holds a secret of {question.agent}, which Prefect would show",
                hint="Set it where the workers run, and list its name under `environment`",
            )
        url = repository.address() or ""
        return Errand(
            mission=self.place.state_dir.name,
            task=question.task,
            attempt=attempt.number,
            agent=question.agent,
            text=question.text,
            remote=without_credentials(url),
            base=repository.base,
            commit=commit,
            branch=None,
            author="",
            settings=settings,
            gates=list(config.gates),
            forge=config.forge,
            resume=question.resume,
            resumed=question.resumed,
            token_limit=question.token_limit,
        )

    def _reached(self, question: Question, ask: Callable[[], _Answer]) -> _Answer:
        """What who gives rows to workers answers. Where nobody does, it is waited for: what runs
        there goes on meanwhile, and would be paid for twice.

        Raises:
            WorkersAwayError: Nobody answered for the mission's patience.
            StoppedError: A stop was requested.
        """
        patience = self.config.patience
        until, turn = time.monotonic() + patience.total_seconds(), 0
        while True:
            try:
                return ask()
            except WorkersAwayError as error:
                left = until - time.monotonic()
                if left <= 0:
                    raise
                if not turn:
                    told = f"{error}; asked again for up to {span(patience)}"
                    self.display.say(f"{question.task}: {told}")
            question.stop.wait(min(left, PAUSES.pause(turn).total_seconds()))
            question.stop.heed()
            turn += 1

    def note(self, attempt: Attempt, delivery: Delivery) -> None:
        """Journal what the worker did."""
        note = partial(self.journal.record, task=attempt.task, attempt=attempt.id)
        for verdict in delivery.gates:
            answered = GateAnswered(
                gate=verdict.gate,
                purpose=Purpose.PUSH.value,
                branch=attempt.branch,
                commit=delivery.head,
                state=verdict.state,
                detail=self.redactor.text(verdict.detail),
                host=delivery.host,
            )
            note(answered)
        if delivery.head is not None:
            note(Pushed(branch=attempt.branch, commit=delivery.head, host=delivery.host))
        if delivery.held is not None:
            note(WorkHeld(branch=attempt.branch, commit=delivery.held, host=delivery.host))

    def follow(self, worktree: Worktree, head: str, author: str) -> None:
        """Bring the branch in our worktree to the commit that a worker has pushed.

        Raises:
            GitError: It cannot be fetched.
        """
        repository, git = self.repository, worktree.git
        with repository.lock():
            repository.git.run(
                "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", str(repository.remote),
                f"+refs/heads/{worktree.branch}:refs/remotes/{repository.remote}/{worktree.branch}",
            )  # fmt: skip
        if git.commit(head) is None:
            raise GitError(
                f"a worker pushed {head[:12]} to {worktree.branch},"
                " but the remote does not have it",
                hint="Somebody may have deleted or rewritten the branch meanwhile",
            )
        # An attempt that was cut off here may have left work that no worker has seen.
        changes.commit_leftovers(worktree, message="Work that was cut off", author=author)
        here = changes.head(worktree)
        if git.is_ancestor(head, of=here):
            return  # it has been brought here before, and somebody may have added to it
        if not git.is_ancestor(here, of=head):
            git.run("update-ref", f"refs/mission-runner/kept/{worktree.branch}-{here[:12]}", here)
        git.run("reset", "--quiet", "--hard", head)


def is_pushed(journal: Journal, attempt: Attempt, head: str) -> bool:
    """Whether this very commit was pushed for the attempt, through the gates: from here, or by a
    worker."""
    return any(
        event.what.commit == head
        for event in journal.events(Pushed, task=attempt.task, attempt=attempt.id)
    )


def pushed_by_workers(journal: Journal, attempt: Attempt) -> list[str]:
    """The commits of an attempt that workers have pushed, through the gates; the last one last."""
    pushed = journal.events(Pushed, task=attempt.task, attempt=attempt.id)
    return [event.what.commit for event in pushed if event.what.host is not None]
