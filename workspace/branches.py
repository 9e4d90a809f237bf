"""Moving branches: pushes with a lease, or compare-and-swap where there is no remote."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from contextlib import nullcontext

from errors import BaseMovedError, GitError
from workspace import ahead
from workspace.escort import Luggage
from workspace.git_command import GitOutput, reason
from workspace.git_locks import refusal
from workspace.hooks import push_hooks
from workspace.remotes import places
from workspace.repository import Repository


def move_base(repository: Repository, squash: str, expected: str) -> None:
    """Make `squash`, which builds on `expected`, the tip of the base: wholly or not at all.

    It may be the last of several commits, which then all land.

    An answer that got lost on its way is made up for by looking.

    Raises:
        BaseMovedError: The base is not at `expected` any more: merge again on the new tip.
        GitError: It could not be done, or nobody can tell; `confirm` will.
    """
    if not repository.git.is_ancestor(expected, of=squash):
        raise GitError(f"{squash[:12]} was not made on {expected[:12]}")
    if repository.remote is None:
        _move_here(repository, squash, expected)
    else:
        _move_there(repository, repository.remote, squash, expected)


def _move_there(repository: Repository, remote: str, squash: str, expected: str) -> None:
    ref = repository.local_base_ref
    lease = f"--force-with-lease={ref}:{expected}"
    pushed = _push(repository, lease, remote, f"{squash}:{ref}", check=False)
    if pushed.code == 0:
        return
    tip = remote_tip(repository, repository.base)
    if tip == expected:
        message = f"{remote} refused the merge into {repository.base}: {reason(pushed)}"
        raise refusal(message, pushed.stderr, places=places(repository.git, repository.remote))
    if tip != squash and not confirm(repository, squash):
        raise _moved(repository, expected, tip)


def _move_here(repository: Repository, squash: str, expected: str) -> None:
    """Compare and swap of the base's ref; its branch and the checkout follow
    (`checkout.fast_forward`)."""
    git, base = repository.git, repository.base
    refused = ""
    with repository.lock():
        if repository.base_tip() == expected:
            refused = git.try_refs(*ahead.moving(git, base, squash))
        tip = repository.base_tip()
    if tip == expected and refused:
        raise refusal(f"{base} cannot be moved: {refused}", refused, places=places(git, None))
    if tip != squash and not git.is_ancestor(squash, of=tip):
        raise _moved(repository, expected, tip)


def _moved(repository: Repository, expected: str, tip: str | None) -> BaseMovedError:
    now = tip[:12] if tip else "nothing"
    return BaseMovedError(f"{repository.base} moved from {expected[:12]} to {now}")


def confirm(repository: Repository, commit: str) -> bool:
    """Whether the base, as the remote has it now, holds `commit`.

    Raises:
        GitError: The remote cannot be reached.
    """
    tip = repository.fetch_base()
    return repository.git.is_ancestor(commit, of=tip)


def remote_tip(repository: Repository, branch: str) -> str | None:
    """The tip of a branch as the remote has it now; None if it has none, or there is no remote.

    Raises:
        GitError: The remote cannot be reached.
    """
    if repository.remote is None:
        return None
    listed = repository.git.text("ls-remote", repository.remote, f"refs/heads/{branch}")
    return listed.split("\t")[0] or None


def push_branch(
    repository: Repository, branch: str, head: str, *, ours: Collection[str] = ()
) -> None:
    """Make `head` the tip of a task's branch on the remote. Nothing to do without one.

    What the remote's branch has is kept, unless its tip is one of `ours`: the heads that earlier
    attempts pushed, which a rebase may have left behind.

    Raises:
        GitError: The remote has commits of somebody else on this branch, or refused.
    """
    if repository.remote is None:
        return
    ref = f"refs/heads/{branch}"
    pushed = _push(repository, repository.remote, f"{head}:{ref}", check=False)
    if pushed.code == 0:
        return
    tip = remote_tip(repository, branch)
    if tip == head:
        return
    if tip is None or _contains(repository, head, tip):
        message = f"{repository.remote} refused {branch}: {reason(pushed)}"
        raise refusal(message, pushed.stderr, places=places(repository.git, repository.remote))
    if tip not in ours:
        remote = shlex.quote(str(repository.remote))
        raise GitError(
            f"{branch} on {repository.remote} has commits that no attempt made",
            hint=f"`git fetch {remote} {tip} && git log {head[:12]}..{tip[:12]}` shows "
            f"them; merge them into the branch, or delete it there: `git push {remote} "
            f"--delete {shlex.quote(branch)}`",
        )
    lease = f"--force-with-lease={ref}:{tip}"
    _push(repository, lease, repository.remote, f"{head}:{ref}")


def _contains(repository: Repository, head: str, tip: str) -> bool:
    known = repository.git.commit(tip) is not None
    return known and repository.git.is_ancestor(tip, of=head)


def delete_branch(repository: Repository, branch: str, head: str) -> bool:
    """Delete a branch whose merge is confirmed, here, where nobody has it checked out. False: it is
    somewhere else than at `head` by now, or in use. Repeatable."""
    ref = f"refs/heads/{branch}"
    tip = repository.git.commit(ref)
    if tip is None:
        return True
    if tip != head or is_checked_out(repository, branch):
        return False
    return not repository.git.try_refs(f"delete {ref} {head}")


def delete_remote_branch(repository: Repository, branch: str, head: str) -> bool:
    """As `delete_branch`, on the remote.

    No hook runs: nothing is pushed that one could look at.

    Raises:
        GitError: The remote refuses, or cannot be reached.
    """
    if repository.remote is None:
        return True
    ref = f"refs/heads/{branch}"
    lease = f"--force-with-lease={ref}:{head}"
    gone = _push(repository, lease, repository.remote, f":{ref}", check=False, with_hooks=False)
    if gone.code == 0:
        return True
    tip = remote_tip(repository, branch)
    if tip == head:
        raise GitError(f"{repository.remote} refused to delete {branch}: {reason(gone)}")
    return tip is None


def is_checked_out(repository: Repository, branch: str) -> bool:
    """Whether a worktree is on a branch."""
    wanted = f"ref: refs/heads/{branch}"
    folder = repository.common_dir
    places = [folder, *(folder / "worktrees").glob("*")]
    for place in places:
        if place != folder and not (place / "gitdir").exists():
            continue  # half removed as git was killed: to git itself it is none
        try:
            said = (place / "HEAD").read_text(errors="surrogateescape").strip()
        except FileNotFoundError:
            continue
        if said == "ref: refs/heads/.invalid":  # in a repository with reftables it says no more
            listing = repository.git.text("worktree", "list", "--porcelain").split("\n")
            return f"branch refs/heads/{branch}" in listing
        if said == wanted:
            return True
    return False


def _push(
    repository: Repository, *args: str, check: bool = True, with_hooks: bool = True
) -> GitOutput:
    """Push, with what goes along (`Repository.escort`)."""
    if repository.git.before_network is not None:
        repository.git.before_network()  # which hooks there are is a setting too

    def push(luggage: Luggage) -> GitOutput:
        with push_hooks(repository) if with_hooks else nullcontext(False) as hooks:
            return repository.git.run(
                "push", "--quiet", *luggage.options, *args, *luggage.changes,
                check=False, hooks=hooks, environment=luggage.environment,
            )  # fmt: skip

    pushed = push(Luggage()) if repository.escort is None else repository.escort.along(push)
    if check and pushed.code != 0:
        raise GitError(f"git push: {reason(pushed)}")
    return pushed
