"""The checkout of the base branch follows the base, and nobody's uncommitted work is lost."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from errors import CheckoutBlockedError
from workspace.git import Git
from workspace.git_command import reason
from workspace.git_locks import lock_in_the_way, remedy
from workspace.obstacles import Standing, Step, Survey, edited_since, survey
from workspace.repository import Repository

TASK_FILE = ("TASKS.md",)
# A ref of the checkout's own (gitrevisions(7), refs/worktree): the commit that its files are at
# while the branch is already further on. It is there from before the branch moves until the files
# have followed, so that a crash in between can be made good.
FILES_AT = "refs/worktree/mission-runner/files-at"


@dataclass(frozen=True, kw_only=True, slots=True)
class FastForward:
    """What became of the checkout."""

    # The one that has the base checked out; None: nobody has, or the base was there already.
    checkout: Path | None
    moved: bool  # its files or the branch changed
    kept: tuple[str, ...]  # files to keep whose committed text changed under their edits


@dataclass(frozen=True, kw_only=True, slots=True)
class _Checkout:
    """A worktree that has the base checked out."""

    git: Git
    tip: str  # of the base branch here
    noted: str | None  # where its files are, if a move of the branch was not followed up
    edited: Mapping[str, str] | None = None  # since `tip`, where git has told already

    def edited_since(self, commit: str) -> Mapping[str, str]:
        """What its files and its index hold that a commit has not."""
        known = self.edited if commit == self.tip else None
        return known if known is not None else edited_since(self.git, commit)

    def step_to(self, repository: Repository, commit: str) -> Step | None:
        """From which commit to which the files must go; None if they are there.

        Raises:
            CheckoutBlockedError: The base branch here has commits that `commit` has not.
        """
        new = commit
        if not self.git.is_ancestor(self.tip, of=commit):
            if not self.git.is_ancestor(commit, of=self.tip):
                raise CheckoutBlockedError(
                    f"{repository.base} in {self.git.folder} has commits that the base has not",
                    files=(),
                    hint="Push them, or move them to another branch: "
                    f"git log {commit[:12]}..{self.tip[:12]} lists them",
                )
            new = self.tip  # a later merge was here first
        old = self.noted or self.tip
        return Step(old=old, new=new) if self.noted or old != new else None


def find_checkout(repository: Repository) -> Git | None:
    """The worktree that has the base checked out, ours before any other."""
    if repository.bare:
        return None
    if repository.git.run("symbolic-ref", "--quiet", "HEAD", check=False).text == (
        repository.local_base_ref
    ):
        return repository.git
    listing = repository.git.run("worktree", "list", "--porcelain", "-z").stdout
    for entry in listing.split("\0\0"):
        lines = entry.split("\0")
        path = Path(lines[0].removeprefix("worktree "))
        if f"branch {repository.local_base_ref}" in lines and path.is_dir():
            return Git(path, locks=repository.git.locks)
    return None


def _is_at(repository: Repository, commit: str) -> bool:
    """Whether the base branch here is at `commit`, and no checkout's files are elsewhere."""
    if repository.git.commit(repository.local_base_ref) != commit:
        return False
    folder = repository.common_dir / "worktrees"
    others = [f"worktrees/{one.name}/" for one in folder.iterdir()] if folder.is_dir() else []
    places = ("", "main-worktree/", *others)  # git-worktree(1), REFS
    return all(repository.git.commit(f"{place}{FILES_AT}") is None for place in places)


def _open(repository: Repository) -> _Checkout | None:
    standing = _standing(repository)
    if standing is not None and standing.branch == repository.base:
        return _Checkout(
            git=repository.git,
            tip=standing.head,
            noted=repository.git.commit(FILES_AT),
            edited=standing.edited,
        )
    git = find_checkout(repository)
    if git is None:
        return None
    listing = git.text(
        "for-each-ref", "--format=%(refname) %(objectname)", repository.local_base_ref, FILES_AT
    )
    refs = dict(line.split(" ") for line in listing.splitlines())
    if repository.local_base_ref not in refs:  # checked out, but without a commit yet
        return None
    return _Checkout(git=git, tip=refs[repository.local_base_ref], noted=refs.get(FILES_AT))


def _standing(repository: Repository) -> Standing | None:
    """What git says of our checkout; None where it cannot be on the base."""
    git = repository.git
    tip = None if repository.bare else git.commit(repository.local_base_ref)
    return None if tip is None or git.commit("HEAD") != tip else Standing.of(git)


def unpublished(repository: Repository) -> int:
    """How many commits the base has where it is checked out here, and not on its remote.

    As the remote was last heard; 0 without a remote, or where nobody has the base checked out.
    """
    if repository.remote is None:
        return 0
    known = repository.git.commit(repository.base_ref)
    if known is None or known == repository.git.commit(repository.local_base_ref):
        return 0
    checkout = _open(repository)
    if checkout is None:
        return 0
    return int(repository.git.text("rev-list", "--count", f"{known}..{checkout.tip}"))


def edited_files(repository: Repository, *, keep: Collection[str] = TASK_FILE) -> tuple[str, ...]:
    """What a person has changed where the base is checked out, and not committed; without `keep`.
    Where a merge changes one of these too, the checkout cannot follow it."""
    checkout = _open(repository)
    found = () if checkout is None else checkout.edited_since(checkout.tip)
    return tuple(path for path in found if path not in keep)


def note_before_move(repository: Repository, expected: str) -> None:
    """Before the base branch moves away from `expected` without its checkout: note it there."""
    checkout = _open(repository)
    if checkout is not None and checkout.noted is None:
        checkout.git.run("update-ref", FILES_AT, expected)


def blocking_files(
    repository: Repository, commit: str, *, keep: Sequence[str] = TASK_FILE
) -> tuple[str, ...]:
    """The files whose uncommitted changes would stand in the way of `fast_forward`.

    Raises:
        CheckoutBlockedError: Something else than a file's changes does.
    """
    checkout = _open(repository)
    step = None if checkout is None else checkout.step_to(repository, commit)
    if checkout is None or step is None:
        return ()
    return _survey(checkout, step, keep).blocked


def fast_forward(
    repository: Repository,
    commit: str,
    *,
    keep: Sequence[str] = TASK_FILE,
    settled: Collection[str] = (),
) -> FastForward:
    """Bring the base branch of this repository, and its checkout, to `commit`. Repeatable.

    Uncommitted changes stay as they are. The files in `keep` (repository paths) never stand in the
    way: where their committed text changes, the edited file stays and the result names it.
    Those in `settled`, some of `keep`, are right as they are in this checkout: they stay too where
    they only look unedited.

    Raises:
        CheckoutBlockedError: Uncommitted changes stand in the way, or commits that the base has
            not. Nothing was touched.
    """
    with repository.lock():
        if _is_at(repository, commit):
            return FastForward(checkout=None, moved=False, kept=())
        checkout = _open(repository)
        if checkout is None:
            tip = repository.git.commit(repository.local_base_ref)
            git = repository.git
            if tip is None or tip == commit or not git.is_ancestor(tip, of=commit):
                return FastForward(checkout=None, moved=False, kept=())
            _move_branch(repository, tip, commit)
            return FastForward(checkout=None, moved=True, kept=())
        git, step = checkout.git, checkout.step_to(repository, commit)
        if step is None:
            return FastForward(checkout=git.folder, moved=False, kept=())
        ours = git.folder == repository.top
        found = _survey(checkout, step, keep, settled=settled if ours else ())
        if found.blocked:
            raise CheckoutBlockedError(
                f"uncommitted changes in {git.folder} stand in the way: {', '.join(found.blocked)}",
                files=found.blocked,
                hint="Commit them or move them out of the way, and run again",
            )
        _follow(git, step, found)
        if step.new != checkout.tip:
            _move_branch(repository, checkout.tip, step.new)
        if checkout.noted:
            git.run("update-ref", "-d", FILES_AT)
        return FastForward(checkout=git.folder, moved=True, kept=found.kept)


def _survey(
    checkout: _Checkout, step: Step, keep: Sequence[str], *, settled: Collection[str] = ()
) -> Survey:
    """What stands in the way; a merge that a person is in the middle of stops everything."""
    git = checkout.git
    marks = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD")
    found = survey(git, step, checkout.edited_since(step.old), keep, settled)
    own = git.store.git_dir if git.store is not None else git.own_dir()
    for mark in marks:
        if (own / mark).exists() and not found.blocked:
            operation = mark.removesuffix("_HEAD").lower().replace("_", "-")
            raise CheckoutBlockedError(
                f"the checkout in {git.folder} is in the middle of a {operation}",
                files=(),
                hint="Finish it, or abort it, and run again",
            )
    return found


def _follow(git: Git, step: Step, found: Survey) -> None:
    """Bring files and index to the new commit, except for what is adopted: there only the index."""
    old, adopt = step.old, ("update-index", "-z", "--index-info")
    lines = "".join(f"{entry.mode} {entry.oid}\t{entry.path}\0" for entry in found.adopted)
    if lines and not found.moving:
        _change_index(git, *adopt, lines=lines)
        return
    if lines:
        # Where both sides of the move say the same, git leaves index and file alone.
        with tempfile.TemporaryDirectory(prefix="mission-") as folder:
            scratch = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
            git.run("read-tree", step.old, environment=scratch)
            git.run(*adopt, input=lines, environment=scratch)
            old = git.run("write-tree", environment=scratch).text
        _change_index(git, *adopt, lines=lines)
    _change_index(git, "read-tree", "-m", "-u", old, step.new)


def _change_index(git: Git, *args: str, lines: str = "") -> None:
    """Run a git command that writes the index. A person's command may hold it for a moment, or one
    of a run that was killed."""
    output = git.run(*args, input=lines, check=False)
    if output.code != 0:
        lock = lock_in_the_way(output.stderr)
        raise CheckoutBlockedError(
            f"the checkout in {git.folder} cannot follow: {reason(output)}",
            files=(),
            hint="" if lock is None else remedy(lock),
        )


def _move_branch(repository: Repository, tip: str, commit: str) -> None:
    refused = repository.git.try_refs(f"update {repository.local_base_ref} {commit} {tip}")
    if refused:
        raise CheckoutBlockedError(
            f"{repository.base} was moved here meanwhile: {refused}", files=()
        )
