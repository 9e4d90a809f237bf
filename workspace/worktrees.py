"""Worktrees: a folder of its own for every attempt."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from mission.errors import GitError
from workspace.git import Git
from workspace.repository import Repository

# In a worktree's own git folder, once all its files are there. Only after that can it hold work.
_READY = "mission-ready"
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Worktree:
    """A checkout for one attempt."""

    path: Path
    branch: str | None  # None: it stands on a commit, for tasks without a branch
    base_commit: str  # the base that the attempt builds on
    reused: bool  # an interrupted attempt left it, with what is in it

    @property
    def git(self) -> Git:
        return Git(self.path)

    @property
    def ref(self) -> str | None:
        """The full name of the branch."""
        return f"refs/heads/{self.branch}" if self.branch else None


@dataclass(frozen=True, kw_only=True, slots=True)
class ExistingWorktree:
    """A worktree that git knows of."""

    path: Path
    branch: str | None
    head: str | None


class Worktrees:
    """The worktrees of one repository below one folder. For any thread of any process."""

    def __init__(self, repository: Repository, root: Path) -> None:
        self._repository = repository
        self._root = root

    def path(self, task: str, attempt: int) -> Path:
        """Where an attempt's worktree is or would be."""
        name = _UNSAFE.sub("-", task)[:60]
        if name != task:  # two ids must not share a folder, whatever is in them
            name = f"{name}-{hashlib.sha256(task.encode()).hexdigest()[:8]}"
        return self._root / f"{name}-{attempt}"

    def ensure(self, task: str, attempt: int, *, branch: str | None, base_commit: str) -> Worktree:
        """The worktree of an attempt: the one that a crash left, or a new one.

        A new worktree starts at `base_commit`. A branch that exists already keeps its commits and
        is taken over, from the worktree of an earlier attempt too, which then stays where it is,
        on the same commit, without the branch.

        Raises:
            UsageError: The branch name cannot be used.
            GitError: The branch is checked out by somebody else, or git refused.
        """
        if branch is not None:
            self._repository.check_branch_name(branch)
        path = self.path(task, attempt)
        with self._repository.lock():
            reused = self._is_ready(path)
            if not reused:
                self._make_room(path)
                self._add(path, branch, base_commit)
        worktree = Worktree(path=path, branch=branch, base_commit=base_commit, reused=reused)
        if reused:
            self._remove_stale_locks(worktree)
        else:
            # Not under the lock: this is what takes long in a large repository.
            worktree.git.run("reset", "--quiet", "--hard")
            (self._git_dir(path) / _READY).touch()
        return worktree

    def remove(self, worktree: Worktree) -> None:
        """Remove a worktree with everything in it. Its branch stays."""
        with self._repository.lock():
            self._remove(worktree.path)

    def existing(self) -> tuple[ExistingWorktree, ...]:
        """The worktrees below this folder, in git's order."""
        return tuple(found for found in self._all() if found.path.parent == self._root.resolve())

    def _all(self) -> list[ExistingWorktree]:
        found = []
        listing = self._repository.git.run("worktree", "list", "--porcelain", "-z").stdout
        for entry in listing.split("\0\0"):
            facts = {line.partition(" ")[0]: line.partition(" ")[2] for line in entry.split("\0")}
            if "worktree" in facts:
                branch = facts.get("branch", "").removeprefix("refs/heads/") or None
                found.append(
                    ExistingWorktree(
                        path=Path(facts["worktree"]), branch=branch, head=facts.get("HEAD")
                    )
                )
        return found

    def _git_dir(self, path: Path) -> Path:
        return Path(Git(path).text("rev-parse", "--absolute-git-dir"))

    def _is_ready(self, path: Path) -> bool:
        """Whether this is a complete worktree of this repository."""
        if not (path / ".git").is_file():
            return False
        found = Git(path).run(
            "rev-parse", "--path-format=absolute", "--git-common-dir", "--git-dir", check=False
        )
        if found.code != 0:
            return False
        common_dir, git_dir = map(Path, found.text.split("\n"))
        return common_dir.resolve() == self._repository.common_dir and (git_dir / _READY).exists()

    def _make_room(self, path: Path) -> None:
        """Clear the way for a new worktree. Only what can hold nobody's work is deleted."""
        known = {found.path for found in self._all()}
        if path.resolve() in known and not self._was_ready(path):
            self._remove(path)  # killed while it was being made
        if path.is_symlink() or (path.exists() and any(path.iterdir())):
            path.rename(_free_name(path))
        self._repository.git.run("worktree", "prune")

    def _was_ready(self, path: Path) -> bool:
        """Whether git's own record of a worktree, whatever became of the folder, is complete."""
        for record in (self._repository.common_dir / "worktrees").iterdir():
            gitdir = record / "gitdir"
            if gitdir.exists() and Path(gitdir.read_text().strip()).parent == path.resolve():
                return (record / _READY).exists()
        return False

    def _add(self, path: Path, branch: str | None, base_commit: str) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        git = self._repository.git
        if branch is None:
            where = ["--detach", str(path), base_commit]
        else:
            start = self._start_of(branch, base_commit)
            self._free_branch(branch)
            where = ["-B", branch, "--no-track", str(path), start]
        git.run("worktree", "add", "--quiet", "--no-checkout", *where)

    def _start_of(self, branch: str, base_commit: str) -> str:
        """The commit that a branch starts from: its own, where it has work that the base lacks."""
        git = self._repository.git
        refs = [f"refs/heads/{branch}"]
        if self._repository.remote:
            refs.append(f"refs/remotes/{self._repository.remote}/{branch}")
        for ref in refs:
            tip = git.commit(ref)
            if tip is not None and not git.fits("merge-base", "--is-ancestor", tip, base_commit):
                return tip
        return base_commit

    def _free_branch(self, branch: str) -> None:
        """Take a branch from the worktree of an earlier attempt."""
        for found in self._all():
            if found.branch != branch:
                continue
            if found.path.parent != self._root.resolve():
                raise GitError(
                    f"{branch} is checked out in {found.path}",
                    hint=f"git -C {found.path} switch --detach frees it",
                )
            if found.path.exists() and found.head is not None:
                Git(found.path).run(
                    "update-ref", "--no-deref", "-m", "mission-runner: detach", "HEAD", found.head
                )
            else:
                self._repository.git.run("worktree", "prune")

    def _remove(self, path: Path) -> None:
        # Twice forced: a worktree that was killed while it was made is locked.
        removed = self._repository.git.run(
            "worktree", "remove", "--force", "--force", str(path), check=False
        )
        if removed.code != 0 and path.exists():
            shutil.rmtree(path)
        self._repository.git.run("worktree", "prune")

    def _remove_stale_locks(self, worktree: Worktree) -> None:
        """Locks of git commands that were killed with the attempt. Nobody else works here."""
        git_dir = self._git_dir(worktree.path)
        stale = [git_dir / "index.lock", git_dir / "HEAD.lock"]
        if worktree.ref:
            stale.append(self._repository.common_dir / f"{worktree.ref}.lock")
        for lock in stale:
            lock.unlink(missing_ok=True)


def _free_name(path: Path) -> Path:
    """A name beside `path` that nothing has."""
    number = 1
    while (free := path.with_name(f"{path.name}.kept-{number}")).exists() or free.is_symlink():
        number += 1
    return free
