"""A worktree lent to somebody: while it is, its git repository is one of its own.

All worktrees of a repository share its stash, its settings, its hooks and its branches, so whoever
works in one changes them for everybody: a `git stash pop` takes what a person laid aside, a
`git config user.name` signs the person's commits, a `git gc` prunes what others still need. So an
agent, or a check of the project's, never sees the repository itself: where its worktree's `.git`
leads is a repository made for it. What was committed there is fetched when the loan ends; what else
was changed there stays there.

A loan outlives us: one that a killed run left is ended by whoever needs the worktree next.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path

from mission.place import LENT
from workspace.disks import as_git_error
from workspace.git import Git
from workspace.git_files import carry, commits_in, copy_indexes, leads_to, link, same_indexes, write
from workspace.lent_repository import STASH, LentRepository
from workspace.nested import NESTED, nested_in, remove, work_of
from workspace.repository import Repository

# Refs that are lent; a person's stash is not, nor are ours.
_LENT_REFS = ("refs/heads/", "refs/notes/", "refs/remotes/", "refs/tags/")
# Of these, what is new when the loan ends is kept.
_KEPT_REFS = ("refs/heads/", "refs/notes/", "refs/tags/")
_LEFT = "refs/mission-runner/left"
# The first line of a loan's terms: how it ends, and the worktree's branch.
_RETURNS, _ENDS, _NO_BRANCH = "returns", "ends", "-"
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


class Loan:
    """The loan of one worktree. Its state is on the disk: any object for the same path is as good.

    One at a time: whoever begins or ends it has the worktree to itself.
    """

    def __init__(self, repository: Repository, path: Path) -> None:
        """`path` is the worktree's."""
        digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
        place = repository.common_dir.joinpath(*LENT, f"{path.name}-{digest}")
        self._repository = repository
        self._path = path
        self._lent = LentRepository(
            place=place,
            common_dir=repository.common_dir,
            worktree=path,
            stop=repository.git.stop,
        )
        self._terms = place / "terms"  # there while it is lent: what was lent, and how

    def begin(self, record: Path, ref: str | None, *, returns: bool) -> None:
        """Lend the worktree as it is.

        Args:
            record: The worktree's folder in the repository's.
            ref: The worktree's branch, by its full name; None: it has none.
            returns: Whether what is committed meanwhile comes back when the loan ends.

        Raises:
            GitError: It cannot be lent.
        """
        self.end(record)
        refs = _refs(self._repository.git, _LENT_REFS)
        lines = [f"{oid} {name}" for name, oid in refs.items()]
        try:
            self._lent.make(record, lines)
            first = f"{_RETURNS if returns else _ENDS} {ref or _NO_BRANCH}"
            fresh = self._terms.with_name("terms.new")
            write(fresh, "\n".join([first, *lines]))
            fresh.replace(self._terms)
            link(self._path, self._lent.git_dir)
        except (OSError, shutil.Error) as error:
            raise as_git_error(f"{self._path} cannot be lent", error) from error

    def end(self, record: Path | None) -> None:
        """End the loan, if there is one: bring home what was committed, and what is under way.

        What was committed elsewhere than on the worktree's branch, or laid aside in a stash, is
        kept below refs/mission-runner/left; what was done in worktrees within it, below
        refs/mission-runner/nested, until it is joined to its branch.

        Args:
            record: The worktree's folder in the repository's; None: it has none any more.

        Raises:
            GitError: What was lent cannot be read. The loan goes on.
        """
        try:
            if self._terms.exists():
                lines = os.fsdecode(self._terms.read_bytes()).split("\n")
                how, _, ref = lines[0].partition(" ")
                if how == _RETURNS and self._lent.readable:
                    self._lent.furnish(record)
                    if self._lent.readable:
                        lent = dict(_ref_of(line) for line in lines[1:])
                        self._bring_home(record, None if ref == _NO_BRANCH else ref, lent)
            if record is not None:
                link(self._path, record)
            self._terms.unlink(missing_ok=True)
        except (OSError, shutil.Error) as error:
            raise as_git_error(
                f"what was committed in {self._path} cannot be read",
                error,
                hint=f"It is in {self._lent.git_dir}",
            ) from error

    def clear(self) -> None:
        """Remove the repository that was lent, with what was not brought home."""
        shutil.rmtree(self._lent.place, ignore_errors=True)

    def _bring_home(self, record: Path | None, ref: str | None, lent: dict[str, str]) -> None:
        git, home = self._lent.git, self._repository.git
        nested = {one: work_of(one, self._lent) for one in nested_in(self._lent)}
        theirs = {one.branch for one in nested}
        found, standing = _refs_and_head(git, (*_KEPT_REFS, STASH))
        stashed = found.pop(STASH, None) is not None
        head = found[standing] if standing is not None else None
        if standing is None or head != lent.get(standing):
            head = git.commit("HEAD")
        tip = found.pop(ref, None) if ref is not None else None
        known = {*lent.values(), head, tip}
        left = [
            (oid, name) for name, oid in found.items() if oid not in known and name not in theirs
        ]
        inner = sorted({oid for oid in nested.values() if oid is not None} - known)
        left += [(oid, "stash") for oid in self._lent.laid_aside(stashed=stashed)]
        if record is None and head is not None and head not in lent.values():
            left.append((head, "HEAD"))
        staged = None
        if head is not None and record is not None and not same_indexes(self._lent.git_dir, record):
            staged = self._lent.staged()
        under_way = commits_in(self._lent.git_dir / "MERGE_HEAD")
        wanted = {head, tip, staged, *under_way, *inner, *(oid for oid, _ in left)} - {
            None,
            *lent.values(),
        }
        with self._repository.lock():
            _fetch(home, self._lent.git_dir, sorted(oid for oid in wanted if oid))
            kept = {self._left(name, oid): oid for oid, name in left}
            kept |= {f"{NESTED}/{self._path.name}/{oid}": oid for oid in inner}
            for name, oid in kept.items():
                home.run("update-ref", name, oid)
            moved = tip is None or ref is None or _move(home, ref, tip, lent.get(ref, ""))
        for one in nested:
            remove(one)
        if record is not None and head is not None:
            self._set_head(record, head, standing, ref if moved else None, staged)

    def _set_head(
        self, record: Path, head: str, standing: str | None, ref: str | None, staged: str | None
    ) -> None:
        """The worktree's own HEAD and index as they were on loan. `ref` is its branch, where that
        is what the loan made of it."""
        git = self._lent.git
        here = Git(self._path if self._path.is_dir() else self._repository.top, record)
        if standing is None:
            standing = git.run("symbolic-ref", "--quiet", "HEAD", check=False).text
        note = ("-m", "mission-runner: returned")
        if ref is not None and standing == ref:
            if not leads_to(record / "HEAD", ref):
                here.run("symbolic-ref", *note, "HEAD", ref)
        else:
            here.run("update-ref", "--no-deref", *note, "HEAD", head)
        if staged is not None:
            copy_indexes(self._lent.git_dir, record)
        carry(self._lent.git_dir, record)

    def _left(self, name: str, oid: str) -> str:
        plain = _UNSAFE.sub("-", name.removeprefix("refs/")).strip("-")
        return f"{_LEFT}/{self._path.name}/{plain}-{oid[:12]}"


def _refs(git: Git, below: tuple[str, ...]) -> dict[str, str]:
    """The refs in some folders of them, by their full names, and what each points to."""
    listing = git.text("for-each-ref", "--format=%(objectname) %(refname)", *below)
    return dict(_ref_of(line) for line in listing.split("\n") if line)


def _refs_and_head(git: Git, below: tuple[str, ...]) -> tuple[dict[str, str], str | None]:
    """As `_refs`, and which of them is checked out; None: none of them is."""
    listing = git.text("for-each-ref", "--format=%(objectname) %(refname) %(HEAD)", *below)
    lines = [line.split(" ") for line in listing.split("\n") if line]
    found = {line[1]: line[0] for line in lines}
    return found, next((line[1] for line in lines if line[2:] == ["*"]), None)


def _ref_of(line: str) -> tuple[str, str]:
    oid, _, name = line.partition(" ")
    return name, oid


def _fetch(home: Git, lent: Path, oids: list[str]) -> None:
    """Nothing but these objects: it moves no ref, and asks nobody else."""
    if oids:
        home.run(
            "-c", "protocol.file.allow=always", "-c", "protocol.version=2",
            "fetch", "--quiet", "--no-tags", "--no-prune", "--no-recurse-submodules",
            "--no-write-fetch-head", "--update-shallow", str(lent), *oids,
        )  # fmt: skip


def _move(home: Git, ref: str, tip: str, lent: str) -> bool:
    """Move a branch to where it was moved on loan. False: it was moved here meanwhile."""
    move = ("update-ref", "-m", "mission-runner: returned", ref, tip, lent or "0" * len(tip))
    return tip == home.commit(ref) or home.run(*move, check=False).code == 0
