"""The checkout of the base branch follows the base, and nobody's uncommitted work is lost."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from errors import CheckoutBlockedError
from workspace import ahead
from workspace.git import Git
from workspace.git_command import reason
from workspace.git_locks import Places, lock_in_the_way, remedy
from workspace.obstacles import Standing, Step, Survey, edited_since, survey
from workspace.repository import Repository
from workspace.status_commit import stored

TASK_FILE = ("TASKS.md",)
_REF = "ref: "
_HIDDEN = f"{_REF}refs/heads/.invalid"  # what HEAD says where refs are kept in tables


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
    edited: Mapping[str, str] | None = None  # since `tip`, where git has told already

    def edited_since(self, commit: str) -> Mapping[str, str]:
        """What its files and its index hold that a commit has not."""
        known = self.edited if commit == self.tip else None
        return known if known is not None else edited_since(self.git, commit)

    def step_to(self, repository: Repository, commit: str, keep: Collection[str]) -> Step | None:
        """From which commit to which the files must go; None if they are there.

        Raises:
            CheckoutBlockedError: The base branch here has commits that `commit` has not.
        """
        if self.git.is_ancestor(commit, of=self.tip):
            return None  # or a later merge was here first
        if not self.git.is_ancestor(self.tip, of=commit):
            raise _parted(repository, commit, self.tip, keep)
        return Step(old=self.tip, new=commit)


def _parted(
    repository: Repository, commit: str, tip: str, keep: Collection[str]
) -> CheckoutBlockedError:
    """What is said where the base branch here has commits that the base has not."""
    if repository.remote is not None:
        return CheckoutBlockedError(
            f"{repository.base} here has commits that the base has not",
            files=(),
            hint=f"Push them, or move them to another branch: `git log {commit[:12]}..{tip[:12]}` "
            "lists them",
        )
    git, base = repository.git, repository.base
    checkout = find_checkout(repository)
    folder = checkout.folder if checkout is not None else repository.top
    files = ahead.conflicts(git, base, repository.task_file)
    # What a run writes there, git would take for a person's, and refuse to merge.
    written = [
        path
        for path in sorted(keep)
        if stored(git, commit, path) != stored(git, tip, path) and (folder / path).is_file()
    ]
    steps = [] if checkout is not None else [f"git switch {shlex.quote(base)}"]
    if written:
        steps += [f"git add {shlex.join(written)}", "git commit --allow-empty -m Status"]
    unrelated = "" if git.fits("merge-base", commit, tip) else " --allow-unrelated-histories"
    steps.append(f"git merge{unrelated} {shlex.quote(ahead.name_of(base))}")
    return CheckoutBlockedError(
        f"{base} in {folder} has commits that conflict with it in {', '.join(files)}",
        files=files,
        hint=f"`{' && '.join(steps)}` there puts both together",
    )


def find_checkout(repository: Repository) -> Git | None:
    """The worktree that has the base checked out, ours before any other."""
    git, ref = repository.git, repository.local_base_ref
    if not repository.bare and _branch_of(git) == ref:
        return git
    listing = git.run("worktree", "list", "--porcelain", "-z").stdout
    for entry in listing.split("\0\0"):
        lines = entry.split("\0")
        path = Path(lines[0].removeprefix("worktree "))
        if f"branch {ref}" in lines and path.is_dir():
            return Git(path, locks=git.locks, stop=git.stop)
    return None


def _branch_of(git: Git) -> str:
    """The full name of the branch that a worktree is on; empty: none. Without a process where git
    keeps refs in files."""
    if git.store is not None:
        head = git.store.git_dir / "HEAD"
        said = "" if head.is_symlink() else head.read_text(errors="surrogateescape").strip()
        if said.startswith(_REF) and said != _HIDDEN:
            return said.removeprefix(_REF).strip()
    return git.run("symbolic-ref", "--quiet", "HEAD", check=False).text


def _open(repository: Repository) -> _Checkout | None:
    standing = _standing(repository)
    if standing is not None and standing.branch == repository.base:
        return _Checkout(
            git=repository.git,
            tip=standing.head,
            edited=standing.edited,
        )
    git = find_checkout(repository)
    if git is None:
        return None
    tip = git.commit(repository.local_base_ref)
    # Checked out, it may be without a commit yet.
    return None if tip is None else _Checkout(git=git, tip=tip)


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
        tip = repository.git.commit(repository.local_base_ref)
        if tip is None:
            return FastForward(checkout=None, moved=False, kept=())
        if tip == commit:
            _move_branch(repository, tip, commit)
            return FastForward(checkout=None, moved=False, kept=())
        checkout = _open(repository)
        if checkout is None:
            return FastForward(
                checkout=None, moved=_move_alone(repository, tip, commit, keep), kept=()
            )
        git, step = checkout.git, checkout.step_to(repository, commit, keep)
        if step is None:
            _move_branch(repository, checkout.tip, checkout.tip)
            return FastForward(checkout=git.folder, moved=False, kept=())
        ours = git.folder == repository.top
        found = _survey(checkout, step, keep, settled=settled if ours else ())
        if found.blocked:
            raise CheckoutBlockedError(
                f"uncommitted changes in {git.folder} stand in the way: {', '.join(found.blocked)}",
                files=found.blocked,
                hint="Put that on a branch of its own, or elsewhere"
                if repository.remote is not None
                else "Commit that, or put it elsewhere",
            )
        _follow(git, step, found)
        _move_branch(repository, checkout.tip, step.new)
        if find_checkout(repository) is None:
            _step_back(git, step, keep)
        return FastForward(checkout=git.folder, moved=True, kept=found.kept)


def _step_back(git: Git, step: Step, keep: Sequence[str]) -> None:
    """Take the files back that went along while somebody switched to another branch."""
    back = Step(old=step.new, new=step.old)
    found = survey(git, back, edited_since(git, back.old), keep)
    if not found.blocked:
        _follow(git, back, found)


def _move_alone(repository: Repository, tip: str, commit: str, keep: Collection[str]) -> bool:
    """Move a base branch that nobody has checked out; whether it was to be moved.

    Raises:
        CheckoutBlockedError: It has commits that the base has not, and no remote has the base. Or
            somebody rebases it: at the end git moves it, if nobody else has.
    """
    git = repository.git
    behind = git.is_ancestor(tip, of=commit)
    if not behind and not git.is_ancestor(commit, of=tip) and repository.remote is None:
        raise _parted(repository, commit, tip, keep)
    _refuse_while_rebased(repository)
    _move_branch(repository, tip, commit if behind else tip)
    return behind


def _refuse_while_rebased(repository: Repository) -> None:
    for folder in (repository.common_dir, *(repository.common_dir / "worktrees").glob("*")):
        for name in ("rebase-merge", "rebase-apply"):
            said = folder / name / "head-name"
            if (
                said.is_file()
                and said.read_text(errors="surrogateescape").strip() == repository.local_base_ref
            ):
                raise CheckoutBlockedError(
                    f"{repository.base} is in the middle of a rebase ({folder / name})",
                    files=(),
                    hint="Finish it, or abort it",
                )


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
                hint="Finish it, or abort it",
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
    if output.code != 0 and args[0] == "read-tree":
        # A file that was only touched is none to keep, and git looks at its times alone here.
        git.run("update-index", "-q", "--refresh", check=False)
        output = git.run(*args, check=False)
    if output.code != 0:
        lock = lock_in_the_way(output.stderr)
        raise CheckoutBlockedError(
            f"the checkout in {git.folder} cannot follow: {reason(output)}",
            files=(),
            hint="" if lock is None else remedy(lock, Places(own=(git.own_dir(),))),
        )


def _move_branch(repository: Repository, tip: str, commit: str) -> None:
    """Move the base branch, and take a ref away that was further on until now."""
    git, ref = repository.git, repository.local_base_ref
    commands = [f"update {ref} {commit} {tip}"] if commit != tip else []
    commands += ahead.forgetting(git, repository.base, commit)
    refused = git.try_refs(*commands) if commands else ""
    if refused:
        raise CheckoutBlockedError(
            f"{repository.base} was moved here meanwhile: {refused}", files=()
        )
