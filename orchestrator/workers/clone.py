"""A worker's own copy of a mission's repository, and what it keeps there between errands."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from filelock import FileLock

from agents.protocol import Result
from mission.outcome import Outcome
from mission.private import private_folder
from orchestrator.workers.errand import Errand
from orchestrator.workplace.commit_files import check_out
from workspace import branches, changes
from workspace.git import Git
from workspace.repository import Repository
from workspace.worktree import Worktree
from workspace.worktrees import Worktrees

_REMOTE = "origin"
# In a worktree's git folder:
_SESSION = "mission-session"  # the agent's session in that worktree
_FINISHED_WORK = "mission-finished"  # what the agent said of work that is not pushed yet


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
        for kept in ("clones", "worktrees"):
            private_folder(home / kept)
        with FileLock(folder.with_suffix(".lock"), mode=0o600):
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
        if errand.about:
            return self._to_read(errand)
        here = errand.branch is not None and self._fetch_branch(errand, errand.branch)
        number = errand.attempt
        if here:
            earlier = range(errand.attempt - 1, 0, -1)
            left = (n for n in earlier if self.worktrees.path(errand.task, n).exists())
            number = next(left, number)
        return self.worktrees.ensure(
            errand.task, number, branch=errand.branch, base_commit=errand.commit
        )

    def _to_read(self, errand: Errand) -> Worktree:
        """The files of the errand's commit and nothing else, beside the row's own worktree."""
        name = f"{errand.task}.{errand.about}"
        return check_out(self.worktrees, name, errand.attempt, commit=errand.commit)

    def _fetch_branch(self, errand: Errand, branch: str) -> bool:
        """Make the remote's branch known here. Whether the branch here has all of it."""
        self.repository.check_branch_name(branch)
        git, there = self.repository.git, f"refs/remotes/{_REMOTE}/{branch}"
        ours = f"refs/heads/{branch}"
        with self.repository.lock():
            tip = branches.remote_tip(self.repository, branch)
            if tip is None:
                git.run("update-ref", "-d", there, check=False)
                return True
            git.run("fetch", "--quiet", "--no-tags", _REMOTE, f"+{ours}:{there}")
            here = git.commit(ours)
            if here is None or git.is_ancestor(tip, of=here):
                return here is not None
            # Others went on from somewhere else. What is here and nowhere else stays findable.
            self.worktrees.free_branch(branch, errand.task)
            here = git.text("rev-parse", ours)
            git.run("update-ref", f"refs/mission-runner/kept/{branch}-{here[:12]}", here)
            git.run("update-ref", ours, tip, here)
            return False

    def session(self, worktree: Worktree) -> str | None:
        """The agent's last session in a worktree, which only this machine has."""
        kept = worktree.git_dir / _SESSION
        return kept.read_text(encoding="utf-8") if kept.exists() else None

    def finished(self, worktree: Worktree, held: str | None) -> Result | None:
        """What the agent said of finished work that only has to be pushed; None if that work is
        not what the worktree holds, or not from here. It costs nothing once more."""
        kept = worktree.git_dir / _FINISHED_WORK
        if held is None or not kept.exists() or changes.head(worktree) != held:
            return None
        found = json.loads(kept.read_text(encoding="utf-8"))
        if found["head"] != held:
            return None
        return Result(outcome=Outcome(found["outcome"]), summary=found["summary"])

    def keep_finished(self, worktree: Worktree, head: str, result: Result) -> None:
        """Remember what the agent said of its work until that is pushed."""
        said = {"head": head, "outcome": str(result.outcome), "summary": result.summary}
        (worktree.git_dir / _FINISHED_WORK).write_text(json.dumps(said), encoding="utf-8")

    def keep_session(self, worktree: Worktree, session: str | None) -> None:
        """Remember a session for a later attempt in the same worktree."""
        if session is not None:
            (worktree.git_dir / _SESSION).write_text(session, encoding="utf-8")


def _name(url: str) -> str:
    """A folder's name that people recognise and that no other remote has."""
    last = re.sub(r"[^A-Za-z0-9_-]+", "-", url.rstrip("/").removesuffix(".git").rpartition("/")[2])
    return f"{last[:40].strip('-') or 'clone'}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"
