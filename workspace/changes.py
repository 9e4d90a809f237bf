"""What an attempt changed in its worktree: all of it, on its branch, whatever the agent left."""

from __future__ import annotations

from dataclasses import dataclass

from errors import GitError
from workspace.attributes import attributes_of
from workspace.git import Git
from workspace.identity import RUNNER, identity_environment
from workspace.nested import NESTED
from workspace.special_files import refuse_special_files
from workspace.squash import merge_trees
from workspace.unfinished import finish, other_parents, refuse_conflicts, under_way
from workspace.worktree import Worktree

# Fields of git-status(1), porcelain version 2, between an entry's kind and its path.
_BEFORE_PATH = {"1": 7, "u": 9, "?": 0}


def head(worktree: Worktree) -> str:
    """The commit that the worktree stands on: the attempt's, after `commit_leftovers`."""
    store = worktree.store
    found = (
        None if store is None else store.find(f"worktrees/{worktree.git_dir.name}/HEAD^{{commit}}")
    )
    if found is not None:
        return found.oid
    return worktree.git.text("rev-parse", "--verify", "HEAD^{commit}")


def changed_files(git: Git, base: str, head: str) -> tuple[str, ...]:
    """The paths that differ between `head` and where it left `base`. Renames count as both."""
    common = git.merge_base(base, head)
    with git.objects() as store:
        return tuple(change.path for change in store.changes(git.tree(common), git.tree(head)))


def is_changed(git: Git, base: str, head: str) -> bool:
    """Whether `head` changes anything since it left `base`."""
    return bool(changed_files(git, base, head))


def commit_leftovers(
    worktree: Worktree, *, message: str, author: str, committer: str = RUNNER
) -> str | None:
    """Commit what an agent left uncommitted, and bring all it committed onto its branch.

    Only for a worktree whose agent has ended. An agent may have left a merge or a rebase
    unfinished, or stand on another branch or on none: what it committed there, and what it did in
    worktrees within this one, is joined to the attempt's branch. `author` and `committer` are
    names, or names with an address in angle brackets.

    Returns:
        The commit of the leftovers, None if there were none. `head` has the end of the branch.

    Raises:
        GitError: Conflicts were left in files, a repository of its own was left in the worktree,
            or the agent's commits conflict with each other. Nothing is lost; what was committed
            stays where it is.
    """
    if worktree.path.is_symlink():
        raise GitError(f"the agent put a symbolic link in the place of {worktree.path}")
    refuse_special_files(worktree.path)
    worktree.remove_stale_locks()
    state = State.of(worktree)
    refuse_conflicts(worktree, state.unmerged)
    leftovers = None
    if not state.clean:
        if state.repositories:
            raise GitError(
                f"the agent left a git repository of its own in {', '.join(state.repositories)}",
                hint="Git cannot commit its files: remove its .git folder, or have git ignore it",
            )
        # Not `git add`: that starts git in submodules, where it obeys what settings it finds, and
        # an agent can have put some there.
        worktree.git.run(
            "update-index", "-z", "--add", "--remove", "--replace", "--stdin",
            input="".join(f"{path}\0" for path in state.paths),
        )  # fmt: skip
        leftovers = _commit_index(worktree, state, message, identity_environment(author, committer))
    finish(worktree)
    if worktree.branch not in (None, state.branch):
        here = leftovers or state.head
        _return_to_branch(worktree, here, identity_environment(committer, committer))
    _join_nested(worktree, identity_environment(committer, committer))
    return leftovers


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What git says of a worktree."""

    head: str  # the commit that it stands on
    branch: str | None  # that it has checked out
    paths: tuple[str, ...]  # that differ from HEAD, in the index or in the files
    unmerged: tuple[str, ...]  # those of them that git counts as conflicting
    repositories: tuple[str, ...]  # repositories within it that belong to no commit
    clean: bool  # nothing to commit

    @classmethod
    def of(cls, worktree: Worktree) -> State:
        """Ask git (git-status(1), porcelain format version 2)."""
        lines = iter(
            worktree.git.run(
                "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all",
                "--no-renames", "--ignore-submodules=dirty",
            ).fields
        )  # fmt: skip
        facts: dict[str, str] = {}
        paths, unmerged, inner = [], [], []
        for line in lines:
            kind, _, rest = line.partition(" ")
            if kind == "#":
                name, _, value = rest.partition(" ")
                facts[name] = value
                continue
            # 1 XY sub mH mI mW hH hI path; u XY sub m1 m2 m3 mW h1 h2 h3 path; ? path
            path = rest.split(" ", _BEFORE_PATH[kind])[-1]
            paths.append(path)
            if kind == "u":
                unmerged.append(path)
            elif path.endswith("/"):  # all else untracked is listed by file
                inner.append(path)
        branch = facts.get("branch.head")
        return cls(
            head=facts.get("branch.oid", ""),
            branch=None if branch == "(detached)" else branch,
            paths=tuple(paths),
            unmerged=tuple(unmerged),
            repositories=tuple(inner),
            clean=not paths and not other_parents(worktree),
        )


def _commit_index(
    worktree: Worktree, state: State, message: str, identity: dict[str, str]
) -> str | None:
    """A commit of the index on top of HEAD; None if HEAD has it all."""
    git = worktree.git
    if worktree.branch == state.branch and not under_way(worktree):
        made = git.run(
            "commit", "--quiet", "--no-verify", "--no-gpg-sign", "--cleanup=verbatim", "--file=-",
            input=message, check=False,
            environment={**identity, "GIT_REFLOG_ACTION": "mission-runner: leftovers"},
        )  # fmt: skip
        if made.code == 0:
            return head(worktree)
    parents = [state.head, *other_parents(worktree)]
    tree = git.text("write-tree")
    if len(parents) == 1 and tree == git.tree("HEAD"):
        return None
    options = [option for parent in parents for option in ("-p", parent)]
    made = git.run("commit-tree", tree, *options, input=message, environment=identity)
    # Wherever the agent has switched to, only the attempt's own branch moves: not the base, say.
    here = ["HEAD"] if state.branch in (None, worktree.branch) else ["--no-deref", "HEAD"]
    git.run("update-ref", "-m", "mission-runner: leftovers", *here, made.text, state.head)
    return made.text


def _return_to_branch(worktree: Worktree, here: str, identity: dict[str, str]) -> None:
    """From `here`, wherever the agent left it, with all that was committed there."""
    git, ref = worktree.git, f"refs/heads/{worktree.branch}"
    tip = git.commit(ref)
    if tip is None or git.is_ancestor(tip, of=here):
        joined = here
    elif git.is_ancestor(here, of=tip):
        joined = tip
    else:
        joined = _join(worktree, tip, here, identity)
    # The files are as HEAD has them by now, so that they can follow; this also checks that.
    git.run("read-tree", "-m", "-u", here, joined)
    git.run("update-ref", "-m", "mission-runner: join", ref, joined, tip or "")
    git.run("symbolic-ref", "-m", "mission-runner: back to the branch", "HEAD", ref)


def _join_nested(worktree: Worktree, identity: dict[str, str]) -> None:
    """Join to the branch what was done in worktrees within this one."""
    git, own = worktree.git, f"{NESTED}/{worktree.path.name}/"
    for ref in git.text("for-each-ref", "--format=%(refname)", own).split():
        done, here = git.commit(ref), head(worktree)
        if worktree.branch is not None and done is not None:
            if git.is_ancestor(here, of=done):
                joined = done
            elif git.is_ancestor(done, of=here):
                joined = here
            else:
                joined = _join(worktree, here, done, identity)
            git.run("read-tree", "-m", "-u", here, joined)
            git.run("update-ref", "-m", "mission-runner: join", "HEAD", joined, here)
        git.run("update-ref", "-d", ref)


def _join(worktree: Worktree, tip: str, here: str, identity: dict[str, str]) -> str:
    """A merge of what the agent committed on the branch and what it committed elsewhere."""
    git = worktree.git
    with attributes_of(git, worktree.base_commit) as at_base:
        tree, files = merge_trees(at_base, tip, here)
    if files:
        raise GitError(
            f"the agent left commits on {worktree.branch} and elsewhere ({here[:12]}) that "
            f"conflict in {', '.join(files)}",
            hint=f"Both are kept; {worktree.path} stands on {here[:12]}",
        )
    message = f"Join what was committed outside of {worktree.branch}\n"
    return git.run(
        "commit-tree", tree, "-p", tip, "-p", here, input=message, environment=identity
    ).text
