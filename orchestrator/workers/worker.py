"""A worker's side of an errand: clone, let the agent work, commit, push through the gates.

It needs nothing of the orchestrator's machine: not its checkout, not its journal. The mission's
file is an ordinary file of the clone, and a branch that changes it is not merged.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from agents.prices import Prices
from agents.protocol import AgentEvent, Brief, Result, Timeouts
from agents.registry import create as create_agent
from agents.registry import environment_names
from agents.sandbox import notice
from errors import MissionError, StoppedError
from gates.protocol import GateRequest, GateVerdict, Purpose
from gates.registry import Patience, Surroundings, create_gates
from gates.waiting import wait_until_clear
from mission.outcome import Outcome
from mission.usage import Usage
from orchestrator.workers.clone import Clone
from orchestrator.workers.errand import Delivery, Errand, UsedSoFar, WorkerVerdict
from orchestrator.workplace.commit_files import PROGRAMS
from orchestrator.workplace.programs import programs_of
from workspace import branches, changes
from workspace.disclosure import refuse_secrets
from workspace.process import Stop, allowed_environment
from workspace.redact import Redactor
from workspace.squash import leftovers_message
from workspace.submodule_hosts import SubmoduleHosts
from workspace.submodules import refuse_lost_submodules
from workspace.worktree import Worktree

_LOG_BYTES = 64 * 1024  # of the log's end go back with a delivery
_FINISHED = (Outcome.SUCCESS, Outcome.NEEDS_QA)

Say = Callable[[str], None]


def _quiet(_text: str) -> None:
    """For callers that show nothing."""


def _always() -> bool:
    return True


class Worker:
    """Carries errands out on this machine."""

    def __init__(self, *, home: Path, say: Say = _quiet) -> None:
        """`home` holds clones, worktrees and logs."""
        self._home = home
        self._say = say
        self._redactor = Redactor.from_environment(os.environ)

    def carry_out(
        self, errand: Errand, stop: Stop, *, wanted: Callable[[], bool] = _always
    ) -> Delivery:
        """Do the errand. Every way to fail is an outcome.

        Args:
            wanted: Asked before the push: whether somebody still waits for this. An errand that
                was taken for lost has been given to somebody else by now.
        """
        try:
            return self._carry_out(errand, stop, wanted)
        except StoppedError as stopped:
            return self._delivery(Result(outcome=Outcome.STOPPED, summary=stopped.message))
        except MissionError as error:
            summary = f"on {socket.gethostname()}: {error}"
            return self._delivery(Result(outcome=Outcome.BLOCKED, summary=summary))

    def _carry_out(self, errand: Errand, stop: Stop, wanted: Callable[[], bool]) -> Delivery:
        # What it cost is said where the mission's own prices are known.
        agent = create_agent(errand.agent, errand.settings, prices=Prices(table={}))
        missing = agent.missing()
        if missing is not None:
            summary = f"on {socket.gethostname()}: {missing}"
            return self._delivery(Result(outcome=Outcome.BLOCKED, summary=summary))
        self._say(notice(errand.agent, errand.settings) or f"{errand.agent} can work here")
        clone = Clone.of(errand, self._home)
        hosts = SubmoduleHosts.of(clone.repository, self._say)
        worktree = clone.worktree(errand)
        brief = self._brief(errand, clone, worktree)
        result = clone.finished(worktree, errand.held)
        if result is None:
            self._say(f"{errand.agent} works in {worktree.path}")
            lent = clone.worktrees.lent(worktree, returns=not errand.about)
            with lent, self._programs(errand, clone, worktree) as files:
                result = agent.run(replace(brief, programs=files), stop, self._tell)
            clone.keep_session(worktree, result.session)
        else:
            self._say(f"{errand.agent} had finished this; it only has to be pushed")
        if result.outcome not in _FINISHED:
            return self._delivery(result, brief.log)
        if errand.branch is None:
            clone.worktrees.remove(worktree)
            return self._delivery(result, brief.log)
        self._commit(errand, worktree, result)
        head = changes.head(worktree)
        refuse_lost_submodules(hosts, worktree, head)
        if not changes.is_changed(clone.repository.git, errand.commit, head):
            return self._delivery(result, brief.log)
        if not wanted():
            raise StoppedError(f"this attempt was given up; {errand.branch} was not pushed")
        verdicts: list[WorkerVerdict] = []
        clone.keep_finished(worktree, head, result)
        try:
            self._push(errand, clone, head, stop, verdicts)
        except MissionError as error:
            # What the agent did is not lost, nor what it cost: it waits here for another push.
            stopped = isinstance(error, StoppedError)
            outcome = Outcome.STOPPED if stopped else Outcome.BLOCKED
            summary = f"finished on {socket.gethostname()}, and not pushed: {error}"
            left = replace(result, outcome=outcome, summary=summary)
            return self._delivery(left, brief.log, gates=verdicts, held=head)
        clone.worktrees.remove(worktree)
        return self._delivery(result, brief.log, head=head, gates=verdicts)

    def _programs(
        self, errand: Errand, clone: Clone, worktree: Worktree
    ) -> AbstractContextManager[Path | None]:
        """The files that the agent's argv means, where it stands in the work of another."""
        if not (errand.about or errand.others_worked):
            return nullcontext()
        kind = f"{errand.about}-{PROGRAMS}" if errand.about else PROGRAMS
        return programs_of(
            errand.settings,
            clone.worktrees,
            clone.repository.git,
            place=(f"{errand.task}.{kind}", errand.attempt),
            base=clone.repository.base_tip(),
            tree=worktree.path,
        )

    def _brief(self, errand: Errand, clone: Clone, worktree: Worktree) -> Brief:
        settings = errand.settings
        name = f"{worktree.path.name}-{errand.attempt}"
        resumes = errand.resume is not None and clone.session(worktree) == errand.resume
        limits = settings.timeouts
        return Brief(
            task=errand.task,
            attempt=errand.attempt,
            agent=errand.agent,
            text=errand.text,
            worktree=worktree.path,
            log=self._home / "logs" / clone.name / f"{name}.log",
            scratch=self._home / "scratch" / clone.name / name,
            environment=allowed_environment(environment_names(settings), settings.set),
            timeouts=Timeouts(start=limits.start, silence=limits.silence, total=limits.total),
            resume=errand.resume if resumes else None,
            resumed=errand.resumed if resumes else Usage(),
            token_limit=errand.token_limit,
            on_progress=self._note,
        )

    def _commit(self, errand: Errand, worktree: Worktree, result: Result) -> None:
        changes.commit_leftovers(
            worktree,
            message=self._redactor.text(
                leftovers_message(errand.task, result.summary, errand.attempt)
            ),
            author=errand.author,
        )

    def _push(
        self, errand: Errand, clone: Clone, head: str, stop: Stop, verdicts: list[WorkerVerdict]
    ) -> None:
        """Push the branch, once the gates say clear.

        Raises:
            GateError: A gate refuses, or is not clear in time.
            GitError: The remote refuses.
            StoppedError: A stop was requested meanwhile.
        """
        branch = errand.branch or ""
        # Gates that are scripts are run as they are in the base, not as the agent left them.
        place = clone.worktrees.ensure(
            f"{errand.task}.gate", errand.attempt, branch=None, base_commit=errand.commit
        )
        try:
            gates = create_gates(
                errand.gates,
                Surroundings(
                    folder=place.path,
                    stop=stop,
                    redact=self._redactor.line,
                    forge=errand.forge,
                    remote_url=errand.remote,
                ),
            )
            patience = Patience.of(errand.gates)
            wait_until_clear(
                gates,
                GateRequest(purpose=Purpose.PUSH, branch=branch, base=errand.base, commit=head),
                timeout=patience.timeout,
                interval=patience.interval,
                clear_reads=patience.clear_reads,
                stop=stop,
                on_verdict=lambda verdict: verdicts.append(self._told(verdict)),
            )
        finally:
            clone.worktrees.remove(place)
        git = clone.repository.git
        refuse_secrets(git, branch, base=errand.commit, head=head, redactor=self._redactor)
        self._say(f"pushes {branch}")
        branches.push_branch(clone.repository, branch, head)

    def _tell(self, event: AgentEvent) -> None:
        """Pass an agent's event on while it works, for those who wait elsewhere."""
        self._say(self._redactor.text(f"{event.kind}: {event.text}"))

    def _note(self, session: str | None, used: Usage) -> None:
        """Tell what is not to be lost with this machine."""
        self._say(UsedSoFar(session=session, usage=used).to_line())

    def _told(self, verdict: GateVerdict) -> WorkerVerdict:
        detail = self._redactor.text(verdict.detail)
        return WorkerVerdict(gate=verdict.gate, state=str(verdict.state), detail=detail)

    def _delivery(
        self,
        result: Result,
        log: Path | None = None,
        *,
        head: str | None = None,
        held: str | None = None,
        gates: list[WorkerVerdict] | None = None,
    ) -> Delivery:
        redact = self._redactor.text
        return Delivery(
            result=replace(
                result, summary=redact(result.summary), answer=redact(result.answer), log=log
            ),
            head=head,
            held=held,
            host=socket.gethostname(),
            log=redact(_end_of(log)),
            gates=gates or [],
        )


def _end_of(log: Path | None) -> str:
    if log is None or not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LOG_BYTES))
        return file.read().decode("utf-8", "replace")
