"""One worktree, and what git knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workspace.git import Git
from workspace.git_locks import GitLocks
from workspace.process import Stop
from workspace.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Worktree:
    """A checkout for one attempt."""

    path: Path
    git_dir: Path  # the worktree's own folder in the repository's: HEAD, index, merge state
    branch: str | None  # None: it stands on a commit, for tasks without a branch
    base_commit: str  # the base that the attempt builds on
    reused: bool  # an interrupted attempt left it, with what is in it
    store: Store | None = None  # of the repository; it knows the worktree's HEAD too
    stop: Stop | None = None  # of the run

    @property
    def git(self) -> Git:
        """Git for this worktree, even after an agent has tampered with the `.git` file in it."""
        return Git(self.path, self.git_dir, locks=GitLocks(self.git_dir.parents[1]), stop=self.stop)

    @property
    def ref(self) -> str | None:
        """The full name of the branch."""
        return f"refs/heads/{self.branch}" if self.branch else None

    def remove_stale_locks(self) -> None:
        """Locks of git commands that were killed with an agent. Call it when none can be running:
        nobody else works in this worktree or on its branch."""
        stale = [self.git_dir / "index.lock", self.git_dir / "HEAD.lock"]
        if self.ref is not None:
            stale.append(self.git_dir.parents[1] / f"{self.ref}.lock")
        for lock in stale:
            lock.unlink(missing_ok=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExistingWorktree:
    """A worktree that git knows of."""

    path: Path
    branch: str | None
    head: str | None


def listed(git: Git) -> list[ExistingWorktree]:
    """All worktrees of a repository, its own checkout among them, in git's order.

    Raises:
        GitError: Git refuses.
    """
    found = []
    for entry in git.run("worktree", "list", "--porcelain", "-z").stdout.split("\0\0"):
        facts = {line.partition(" ")[0]: line.partition(" ")[2] for line in entry.split("\0")}
        if "worktree" in facts:
            branch = facts.get("branch", "").removeprefix("refs/heads/") or None
            found.append(
                ExistingWorktree(
                    path=Path(facts["worktree"]), branch=branch, head=facts.get("HEAD")
                )
            )
    return found


def record_of(path: Path, common_dir: Path) -> Path | None:
    """Git's folder for the worktree at `path`, if it has one: by git's own list below `common_dir`,
    since an agent can change the link in the worktree."""
    folder = common_dir / "worktrees"
    for record in sorted(folder.iterdir()) if folder.is_dir() else ():
        link = record / "gitdir"
        if link.exists() and (record / link.read_text().strip()).parent == path:
            return record
    return None
