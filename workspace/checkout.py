"""The checkout of the base branch follows the base, and nobody's uncommitted work is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mission.errors import CheckoutBlockedError, GitError
from workspace.git import Git, reason
from workspace.obstacles import Entry, Step, survey
from workspace.repository import Repository

TASK_FILE = ("TASKS.md",)
# A ref of the checkout's own (gitrevisions(7), refs/worktree): the commit that its files are at
# while the branch is already further on. It is there from before the branch moves until the files
# have followed, so that a crash in between can be made good.
FILES_AT = "refs/worktree/mission-runner/files-at"


@dataclass(frozen=True, kw_only=True, slots=True)
class FastForward:
    """What became of the checkout."""

    checkout: Path | None  # the one that has the base checked out; None: nobody has
    moved: bool  # its files or the branch changed
    kept: tuple[str, ...]  # files to keep whose committed text changed under their edits


def find_checkout(repository: Repository) -> Git | None:
    """The worktree that has the base checked out, ours before any other."""
    if repository.bare:
        return None
    if _head_ref(repository.git) == repository.local_base_ref:
        return repository.git
    listing = repository.git.run("worktree", "list", "--porcelain", "-z").stdout
    for entry in listing.split("\0\0"):
        lines = entry.split("\0")
        path = Path(lines[0].removeprefix("worktree "))
        if f"branch {repository.local_base_ref}" in lines and path.is_dir():
            return Git(path)
    return None


def note_before_move(repository: Repository, expected: str) -> None:
    """Before the base branch moves away from `expected` without its checkout: note it there."""
    checkout = find_checkout(repository)
    if checkout is not None and checkout.commit(FILES_AT) is None:
        checkout.run("update-ref", FILES_AT, expected)


def blocking_files(
    repository: Repository, commit: str, *, keep: Sequence[str] = TASK_FILE
) -> tuple[str, ...]:
    """The files whose uncommitted changes would stand in the way of `fast_forward`."""
    checkout = find_checkout(repository)
    if checkout is None:
        return ()
    step = _step(repository, checkout, commit)
    return _unmerged(checkout) or (survey(checkout, step, keep).blocked if step else ())


def fast_forward(
    repository: Repository, commit: str, *, keep: Sequence[str] = TASK_FILE
) -> FastForward:
    """Bring the base branch of this repository, and its checkout, to `commit`. Repeatable.

    Uncommitted changes stay as they are. The files in `keep` (repository paths) never stand in the
    way: where their committed text changes, the edited file stays and the result names it.

    Raises:
        CheckoutBlockedError: Uncommitted changes stand in the way, or commits that the base has
            not. Nothing was touched.
    """
    with repository.lock():
        checkout = find_checkout(repository)
        if checkout is None:
            moved = _move_branch(repository, repository.git, commit)
            return FastForward(checkout=None, moved=moved, kept=())
        step = _step(repository, checkout, commit)
        if step is None:
            return FastForward(checkout=checkout.folder, moved=False, kept=())
        _refuse_unfinished(checkout)
        found = survey(checkout, step, keep)
        if found.blocked:
            raise _blocked(found.blocked)
        _adopt(checkout, found.adopted)
        read = checkout.run("read-tree", "-m", "-u", step.old, step.new, check=False)
        if read.code != 0:
            raise CheckoutBlockedError(
                f"the checkout in {checkout.folder} cannot follow: {reason(read)}", files=()
            )
        _move_branch(repository, checkout, step.new)
        checkout.run("update-ref", "-d", FILES_AT)
        return FastForward(checkout=checkout.folder, moved=True, kept=found.kept)


def _step(repository: Repository, checkout: Git, commit: str) -> Step | None:
    """From which commit to which the files must go; None if they are there."""
    tip = checkout.text("rev-parse", "--verify", f"{repository.local_base_ref}^{{commit}}")
    old = checkout.commit(FILES_AT) or tip
    if tip == commit or checkout.fits("merge-base", "--is-ancestor", tip, commit):
        new = commit
    elif checkout.fits("merge-base", "--is-ancestor", commit, tip):
        new = tip  # a later merge was here first
    else:
        raise CheckoutBlockedError(
            f"{repository.base} in {checkout.folder} has commits that the base has not",
            files=(),
            hint=f"Push them, or move them to another branch: git log {commit[:12]}..{tip[:12]}",
        )
    noted = checkout.commit(FILES_AT) is not None
    return Step(old=old, new=new) if noted or old != new else None


def _head_ref(git: Git) -> str | None:
    output = git.run("symbolic-ref", "--quiet", "HEAD", check=False)
    return output.text or None


def _unmerged(checkout: Git) -> tuple[str, ...]:
    fields = checkout.run("ls-files", "--unmerged", "-z").fields
    return tuple(dict.fromkeys(field.partition("\t")[2] for field in fields))


def _refuse_unfinished(checkout: Git) -> None:
    """A person is in the middle of a merge: moving under it would mix the two."""
    if files := _unmerged(checkout):
        raise _blocked(files)
    for state in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"):
        if checkout.commit(state) is not None:
            operation = state.removesuffix("_HEAD").lower().replace("_", "-")
            raise CheckoutBlockedError(
                f"the checkout in {checkout.folder} is in the middle of a {operation}",
                files=(),
                hint="Finish it, or abort it, and run again",
            )


def _blocked(files: tuple[str, ...]) -> CheckoutBlockedError:
    return CheckoutBlockedError(
        f"uncommitted changes stand in the way of the merge: {', '.join(files)}",
        files=files,
        hint="Commit or stash them, and run again",
    )


def _adopt(checkout: Git, entries: Sequence[Entry]) -> None:
    """Tell the index that these paths are at the new commit, whatever the files hold."""
    if entries:
        lines = "".join(f"{entry.mode} {entry.oid}\t{entry.path}\0" for entry in entries)
        checkout.run("update-index", "-z", "--index-info", input=lines)


def _move_branch(repository: Repository, git: Git, commit: str) -> bool:
    """Fast-forward the branch itself."""
    ref = repository.local_base_ref
    tip = git.commit(ref)
    if tip == commit or (tip and not git.fits("merge-base", "--is-ancestor", tip, commit)):
        return False
    try:
        git.run("update-ref", "-m", "mission-runner: fast-forward", ref, commit, tip or "")
    except GitError as error:
        raise CheckoutBlockedError(
            f"{repository.base} moved meanwhile: {error.message}", files=()
        ) from error
    return True
