"""A worker's side of an errand: clone, let the agent work, commit, push through the gates.

It needs nothing of the orchestrator's machine: not its checkout, not its journal. The mission's
file is an ordinary file of the clone, and a branch that changes it is not merged.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from agents.prices import Prices
from agents.protocol import Brief, Outcome, Result, Timeouts, Usage
from agents.registry import create as create_agent
from agents.registry import environment_names
from agents.sandbox import notice
from gates.protocol import GateRequest, GateVerdict, Purpose
from gates.registry import Patience, Surroundings, create_gates
from gates.waiting import wait_until_clear
from mission.errors import MissionError, StoppedError
from orchestrator.workers.errand import Delivery, Errand, Verdict
from workspace import changes, landing
from workspace.git import Git
from workspace.process import Stop, allowed_environment
from workspace.redact import Redactor
from workspace.repository import Repository
from workspace.worktrees import Worktree, Worktrees

_REMOTE = "origin"
_LOG_BYTES = 64 * 1024  # of the log's end go back with a delivery
_SESSION = "mission-session"  # in a worktree's git folder: the agent's session in that worktree
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
        worktree = clone.worktree(errand)
        brief = self._brief(errand, clone, worktree)
        self._say(f"{errand.agent} works in {worktree.path}")
        result = agent.run(brief, stop)
        clone.keep_session(worktree, result.session)
        if result.outcome not in _FINISHED:
            return self._delivery(result, brief.log)
        if errand.branch is None:
            clone.worktrees.remove(worktree)
            return self._delivery(result, brief.log)
        self._commit(errand, worktree, result)
        head = changes.head(worktree)
        if not changes.is_changed(clone.repository.git, errand.commit, head):
            return self._delivery(result, brief.log)
        if not wanted():
            raise StoppedError(f"this attempt was given up; {errand.branch} was not pushed")
        verdicts: list[Verdict] = []
        self._push(errand, clone, head, stop, verdicts)
        clone.worktrees.remove(worktree)
        return self._delivery(result, brief.log, head=head, gates=verdicts)

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
        )

    def _commit(self, errand: Errand, worktree: Worktree, result: Result) -> None:
        first = result.summary.strip().splitlines()
        changes.commit_leftovers(
            worktree,
            message=self._redactor.text(f"{errand.task}: {first[0] if first else 'work'}"),
            author=errand.author,
        )

    def _push(
        self, errand: Errand, clone: Clone, head: str, stop: Stop, verdicts: list[Verdict]
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
        self._say(f"pushes {branch}")
        landing.push_branch(clone.repository, branch, head)

    def _told(self, verdict: GateVerdict) -> Verdict:
        detail = self._redactor.text(verdict.detail)
        return Verdict(gate=verdict.gate, state=str(verdict.state), detail=detail)

    def _delivery(
        self,
        result: Result,
        log: Path | None = None,
        *,
        head: str | None = None,
        gates: list[Verdict] | None = None,
    ) -> Delivery:
        redact = self._redactor.text
        return Delivery(
            result=replace(
                result, summary=redact(result.summary), answer=redact(result.answer), log=log
            ),
            head=head,
            host=socket.gethostname(),
            log=redact(_end_of(log)),
            gates=gates or [],
        )


class Clone:
    """A worker's own copy of a mission's repository, without a checkout, with its worktrees."""

    def __init__(self, repository: Repository, name: str, worktrees: Worktrees) -> None:
        self.repository = repository
        self.name = name
        self.worktrees = worktrees

    @classmethod
    def of(cls, errand: Errand, home: Path) -> Clone:
        """The clone of an errand's remote below `home`, made or brought up to date.

        Raises:
            GitError: The remote cannot be reached, or does not have the commit.
        """
        name = _name(errand.remote)
        folder = home / "clones" / f"{name}.git"
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            # All of it may be done again, so that it can be killed anywhere.
            Git(folder.parent).run("init", "--quiet", "--bare", str(folder))
            Git(folder).run("config", f"remote.{_REMOTE}.url", errand.remote)
        repository = Repository.open(folder, base=errand.base, remote=_REMOTE)
        repository.fetch_base()
        if repository.git.commit(errand.commit) is None:
            with repository.lock():
                repository.git.run("fetch", "--quiet", "--no-tags", _REMOTE, errand.commit)
        worktrees = Worktrees(repository, home / "worktrees" / name / errand.mission)
        return cls(repository, name, worktrees)

    def worktree(self, errand: Errand) -> Worktree:
        """Where the agent works: on what the branch has by now, here or on the remote.

        An attempt that was cut off here left its folder. The next one goes on in it, unless
        somebody else has brought the branch further meanwhile.
        """
        here = errand.branch is not None and self._take_in(errand, errand.branch)
        number = errand.attempt
        if here:
            earlier = range(errand.attempt - 1, 0, -1)
            left = (n for n in earlier if self.worktrees.path(errand.task, n).exists())
            number = next(left, number)
        return self.worktrees.ensure(
            errand.task, number, branch=errand.branch, base_commit=errand.commit
        )

    def _take_in(self, errand: Errand, branch: str) -> bool:
        """Make the remote's branch known here. Whether the branch here has all of it."""
        self.repository.check_branch_name(branch)
        git, there = self.repository.git, f"refs/remotes/{_REMOTE}/{branch}"
        ours = f"refs/heads/{branch}"
        with self.repository.lock():
            tip = landing.remote_tip(self.repository, branch)
            if tip is None:
                git.run("update-ref", "-d", there, check=False)
                return True
            git.run("fetch", "--quiet", "--no-tags", _REMOTE, f"+{ours}:{there}")
            here = git.commit(ours)
            if here is None or git.fits("merge-base", "--is-ancestor", tip, here):
                return here is not None
            # Others went on from somewhere else. What is here and nowhere else stays findable.
            git.run("update-ref", f"refs/mission-runner/kept/{branch}-{here[:12]}", here)
            self.worktrees.free_branch(branch, errand.task)
            git.run("update-ref", ours, tip, here)
            return False

    def session(self, worktree: Worktree) -> str | None:
        """The agent's last session in a worktree, which only this machine has."""
        kept = worktree.git_dir / _SESSION
        return kept.read_text(encoding="utf-8") if kept.exists() else None

    def keep_session(self, worktree: Worktree, session: str | None) -> None:
        """Remember a session for a later attempt in the same worktree."""
        if session is not None:
            (worktree.git_dir / _SESSION).write_text(session, encoding="utf-8")


def _name(url: str) -> str:
    """A folder's name that people recognise and that no other remote has."""
    last = re.sub(r"[^A-Za-z0-9_-]+", "-", url.rstrip("/").removesuffix(".git").rpartition("/")[2])
    return f"{last[:40].strip('-') or 'clone'}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"


def _end_of(log: Path | None) -> str:
    if log is None or not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LOG_BYTES))
        return file.read().decode("utf-8", "replace")
