"""Worktrees: a folder of its own for every attempt."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shlex
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from errors import GitError, UsageError
from workspace.git import Git
from workspace.git_files import is_folder
from workspace.loan import Loan
from workspace.pool import Pool
from workspace.repository import Repository
from workspace.sifting import delete_whole
from workspace.worktree import ExistingWorktree, Worktree, listed, record_of

# In a worktree's own git folder, once all its files are there. Only after that can it hold work.
_READY = "mission-ready"
_POOL = ".pool"  # no task's folder begins with a dot
# In its record, where a person has a sparse checkout.
_SPARSE = ("config.worktree", "info/sparse-checkout")
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


class Worktrees:
    """The worktrees of one repository below one folder. For any thread of any process."""

    def __init__(
        self,
        repository: Repository,
        root: Path,
        *,
        in_use: Callable[[], frozenset[Path]] | None = None,
        pooled: bool = False,
        keep: Collection[str] = (),
    ) -> None:
        """
        Args:
            root: Holds them.
            in_use: Tells in which somebody is at work; not given: in any, perhaps.
            pooled: Whether folders are used again, until `clear_pool`. One process at a time may do
                so with a root.
            keep: Folders that git ignores, and that who works gets as the last one left them.
        """
        self._repository = repository
        self._root = root.resolve()
        self._in_use = in_use
        self._pool = Pool(
            place=self._root / _POOL, common_dir=repository.common_dir, spared=tuple(keep)
        )
        self._pooled = pooled

    @property
    def root(self) -> Path:
        """The folder that all of them are in. It need not exist."""
        return self._root

    def path(self, task: str, attempt: int) -> Path:
        """Where an attempt's worktree is or would be."""
        return self._root / f"{_stem(task)}-{attempt}"

    def ensure(
        self,
        task: str,
        attempt: int,
        *,
        branch: str | None,
        base_commit: str,
        full: bool = False,
        start: str | None = None,
    ) -> Worktree:
        """The worktree of an attempt: the one that a crash left, or a new one.

        A new worktree, and its branch, start at `start`, whatever the branch holds. Where none is
        given it starts at `base_commit`. A branch that exists already keeps its commits and
        is taken over, from the worktree of an earlier attempt too, which then stays where it is,
        on the same commit, without the branch. A `full` one has every file, even where a person
        has a sparse checkout (git-sparse-checkout(1)), which new ones else take after.

        Raises:
            UsageError: The branch name cannot be used.
            GitError: The branch is checked out by somebody else, or git refused.
        """
        if branch is not None:
            self._repository.check_branch_name(branch)
        path = self.path(task, attempt)
        with self._making(path) as lock:
            with self._repository.lock():
                record = self._record(path)
                reused = record is not None and (record / _READY).exists() and is_folder(path)
                if reused:
                    self._loan(path).end(record)
                else:
                    self._make_room(path, record)
                    begins = self._add(path, task, branch, base_commit, start)
                    record = self._record(path)
                    if record is not None and full:
                        for name in _SPARSE:
                            (record / name).unlink(missing_ok=True)
            if record is None:
                raise GitError(f"git made no worktree in {path}")
            worktree = Worktree(
                path=path,
                git_dir=record,
                branch=branch,
                base_commit=base_commit,
                reused=reused,
                store=self._repository.git.store,
                stop=self._repository.git.stop,
            )
            if reused:
                worktree.remove_stale_locks()
            else:
                # Not under the repository's lock: in a large repository this is what takes long.
                self._fill(worktree, begins, lock, full=full)
                (record / _READY).touch()
        return worktree

    def _fill(self, worktree: Worktree, commit: str, lock: int, *, full: bool) -> None:
        """Write the files of a new worktree, as far as a folder that waits does not have them."""
        pool, record = self._pool, worktree.git_dir
        # Of a sparse checkout a tree does not say which files are there.
        pooled = self._pooled and not any((record / name).exists() for name in _SPARSE)
        git = self._repository.git
        tree, warm = git.tree(commit), None
        if pooled:
            with git.objects() as store:
                warm = pool.take(
                    worktree.git,
                    full=full,
                    tree=tree,
                    changes=lambda earlier: store.changes(earlier, tree),
                )
        if warm is not None:
            (worktree.path / ".git").rename(warm.folder / ".git")
            worktree.path.rmdir()
            warm.folder.rename(worktree.path)
            (record / "index").write_bytes(warm.index)
        worktree.git.run("reset", "--quiet", "--hard", holding=(lock,))
        for name in sorted(warm.spared) if warm is not None else ():
            if not worktree.git.fits("check-ignore", "--quiet", f"{name}/"):
                delete_whole(worktree.path / name)  # it would be taken for work
        if pooled:
            pool.note(worktree.git, record / "index", tree, full=full, warm=warm)

    def clear_pool(self) -> None:
        """Remove the folders that wait to be used again, and what is left of a killed run's.

        Raises:
            OSError: One cannot be removed.
        """
        self._pool.clear()

    @contextmanager
    def lent(self, worktree: Worktree, *, returns: bool = True) -> Iterator[None]:
        """While somebody works in a worktree whom the repository itself is not for: an agent, a
        check of the project's. What is committed meanwhile comes back, unless it is said not to.

        Raises:
            GitError: It cannot be lent, or what was lent cannot be read.
        """
        loan = self._loan(worktree.path)
        loan.begin(worktree.git_dir, worktree.ref, returns=returns)
        try:
            with self._repository.settings.others.at_work():
                yield
        finally:
            loan.end(worktree.git_dir)

    def _loan(self, path: Path) -> Loan:
        return Loan(self._repository, path)

    @contextmanager
    def _making(self, path: Path) -> Iterator[int]:
        """The right to make one worktree. If we are killed, it passes to the git command that is
        filling the worktree, and ends with it; yields what that command has to hold."""
        self._root.mkdir(parents=True, exist_ok=True)
        lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock
        finally:
            os.close(lock)

    def remove(self, worktree: Worktree | ExistingWorktree) -> None:
        """Remove a worktree with everything in it, if it is there. Its branch stays.

        Raises:
            UsageError: It is not below this folder.
        """
        path = worktree.path
        if path.parent.resolve() != self._root:
            raise UsageError(f"{path} is not a worktree of this mission")
        with self._repository.lock():
            self._remove(self._root / path.name)
        path.with_name(f".{path.name}.lock").unlink(missing_ok=True)

    def forget_lost(self) -> None:
        """Forget worktrees whose folder is gone or empty and in which nobody is at work: we were
        killed as one was made or removed. What was committed there stays, below
        `refs/mission-runner/kept`.

        Raises:
            GitError: Git refuses.
        """
        used = None if self._in_use is None else self._in_use()
        if used is None:
            return
        for path in [*self._root.iterdir()] if self._root.is_dir() else ():
            if path not in used:
                _remove_empty(path)
        for found in self.existing():
            if found.path in used or os.path.lexists(found.path):
                continue
            with self._repository.lock():
                self._make_room(found.path, self._record(found.path))

    def existing(self) -> tuple[ExistingWorktree, ...]:
        """The worktrees below this folder, in git's order."""
        records = self._repository.common_dir / "worktrees"
        if not records.is_dir() or not any(records.iterdir()):
            return ()
        return tuple(
            found for found in listed(self._repository.git) if found.path.parent == self._root
        )

    def _record(self, path: Path) -> Path | None:
        return record_of(path, self._repository.common_dir)

    def _make_room(self, path: Path, record: Path | None) -> None:
        """Clear the way for a new worktree. Only what can hold nobody's work is deleted."""
        self._loan(path).end(record)
        if record is not None and (record / _READY).exists():
            # The folder is gone. What was committed in it without a branch must not go too.
            kept = f"refs/mission-runner/kept/{record.name}"
            head = Git(self._repository.top, record).commit("HEAD")
            if head is not None:
                self._repository.git.run("update-ref", kept, head)
        elif record is not None and path.is_dir():
            shutil.rmtree(path)  # killed while it was being made
        _remove_empty(path)
        if path.is_symlink() or path.exists():
            path.rename(_free_name(path))
        self._remove(path)

    def _add(
        self, path: Path, task: str, branch: str | None, base_commit: str, start: str | None
    ) -> str:
        """Add a worktree without its files; the commit that it stands on."""
        git = self._repository.git
        if branch is None:
            start = start or base_commit
            where = ["--detach", str(path), start]
        else:
            if git.commit(f"refs/heads/{branch}") is not None:
                self.free_branch(branch, task)
            start = start or self._start_of(branch, base_commit)
            where = ["-B", branch, "--no-track", str(path), start]
        git.run("worktree", "add", "--quiet", "--no-checkout", *where)
        return start

    def _start_of(self, branch: str, base_commit: str) -> str:
        """The commit that a branch starts from: its own, where it has work that the base lacks."""
        git, remote = self._repository.git, self._repository.remote
        here = git.commit(f"refs/heads/{branch}")
        there = git.commit(f"refs/remotes/{remote}/{branch}") if remote else None
        for tip in (here, there):
            if tip is not None and not git.is_ancestor(tip, of=base_commit):
                return tip
        return base_commit

    def free_branch(self, branch: str, task: str) -> None:
        """Take a branch from the worktree of an earlier attempt at the same task, or of one that
        is over: its row was renamed, or its branch given to another.

        Call it with the repository's lock held.

        Raises:
            GitError: Somebody else has it checked out.
        """
        earlier = re.compile(re.escape(_stem(task)) + r"-\d+")
        for found in listed(self._repository.git):
            if found.branch != branch:
                continue
            ours = found.path.parent == self._root
            over = self._in_use is not None and found.path not in self._in_use()
            if not (ours and (over or earlier.fullmatch(found.path.name))):
                raise GitError(
                    f"{branch} is checked out in {found.path}",
                    hint=f"`git -C {shlex.quote(str(found.path))} switch --detach` frees it",
                )
            record = self._record(found.path)
            if record is not None and found.head is not None:
                self._loan(found.path).end(record)
                git = Git(self._repository.top, record)
                head = git.text("rev-parse", "HEAD")
                git.run("update-ref", "--no-deref", "-m", "mission-runner: detach", "HEAD", head)

    def _remove(self, path: Path) -> None:
        self._loan(path).clear()
        record = self._record(path)
        if record is None and not os.path.lexists(path):
            return
        if record is not None and self._pooled and self._pool.put(path):
            # As `git worktree remove` does.
            shutil.rmtree(record)
            with suppress(OSError):  # there are others
                record.parent.rmdir()
            return
        # Twice forced: a worktree that was killed while it was made is locked.
        remove = ("worktree", "remove", "--force", "--force", str(path))
        if self._repository.git.run(*remove, check=False).code == 0:
            return
        # What an agent did to it keeps git from deleting it: a `.git` of its own, or folders
        # that nobody may write to.
        if os.path.lexists(path):
            delete_whole(path)
        if self._record(path) is not None:
            self._repository.git.run(*remove)


def _stem(task: str) -> str:
    """The part of a folder's name that is the task's. Two ids never share one."""
    name = _UNSAFE.sub("-", task)[:60]
    if name != task:
        name = f"{name}-{hashlib.sha256(task.encode(errors='surrogateescape')).hexdigest()[:8]}"
    return name


def _remove_empty(path: Path) -> None:
    """Remove a folder with nothing in it: git made it, and was killed before it knew of it."""
    with suppress(OSError):  # there is something in it, or it is no folder
        path.rmdir()


def _free_name(path: Path) -> Path:
    """A name beside `path` that nothing has."""
    number = 1
    while (free := path.with_name(f"{path.name}.kept-{number}")).exists() or free.is_symlink():
        number += 1
    return free
