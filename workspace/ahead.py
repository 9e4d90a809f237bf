"""The base of a repository without a remote, where it is further on than its branch here.

A merge moves a ref of the runner's own, and the branch follows together with its checkout
(`workspace.checkout`). As long as a person's changes keep both behind, that ref is the base. It is
gone as soon as the branch holds all that it holds.
"""

from __future__ import annotations

from workspace.attributes import attributes_of
from workspace.git import Git
from workspace.identity import RUNNER, identity_now
from workspace.squash import merge_trees
from workspace.status_commit import with_file_of


def name_of(base: str) -> str:
    """The ref as people may type it (gitrevisions(7))."""
    return f"mission-runner/base/{base}"


def ref_of(base: str) -> str:
    """The full name of the ref for a base branch."""
    return f"refs/{name_of(base)}"


def tip_of(git: Git, base: str) -> str | None:
    """The tip of a base that is here; None: there is no such branch."""
    here = git.commit(f"refs/heads/{base}")
    further = git.commit(ref_of(base))
    if here is None or further is None or git.is_ancestor(further, of=here):
        return here
    return further


def is_needed(git: Git, held: str, base: str) -> bool:
    """Whether the ref has what `held`, the base where a remote has it since, has not."""
    further = git.commit(ref_of(base))
    return further is not None and not git.is_ancestor(further, of=held)


def moving(git: Git, base: str, commit: str) -> list[str]:
    """The commands for `Git.try_refs` that make `commit` the tip of the base, unless branch or ref
    are moved in the same instant."""
    here, further = git.commit(f"refs/heads/{base}"), git.commit(ref_of(base))
    none = "0" * len(commit)
    return [f"verify refs/heads/{base} {here}", f"update {ref_of(base)} {commit} {further or none}"]


def forgetting(git: Git, base: str, held: str) -> list[str]:
    """The commands that take the ref away, where `held`, which the branch is at then, has all of
    it."""
    further = git.commit(ref_of(base))
    if further is None or not git.is_ancestor(further, of=held):
        return []
    return [f"delete {ref_of(base)} {further}"]


def conflicts(git: Git, base: str, task_file: str | None) -> tuple[str, ...]:
    """The files in which commits that people made on the branch conflict with what was merged;
    empty: there are none, or `join` can put them together. `task_file` is as there."""
    parted = _parted(git, base)
    return () if parted is None else _merged(git, *parted, task_file)[1]


def join(git: Git, base: str, task_file: str | None) -> str | None:
    """Put what people committed on the branch together with what was merged meanwhile, if they do
    not conflict. The tip of the base; None: there is no such branch.

    The repository's lock is held.

    Args:
        task_file: The plan that a run writes. What people committed of it is a copy of what the
            run had written until then, so it never conflicts; the next status commit has the
            newest.
    """
    parted = _parted(git, base)
    if parted is not None:
        here, further = parted
        tree, files = _merged(git, here, further, task_file)
        if not files:
            commit = git.written(here).commit(
                tree,
                message=f"Merge branch '{base}' into what was merged meanwhile\n",
                author=identity_now(RUNNER),
                committer=identity_now(RUNNER),
                parents=[further, here],
            )
            # Where the branch is moved in the same instant, the next who asks does it.
            git.try_refs(
                f"verify refs/heads/{base} {here}", f"update {ref_of(base)} {commit} {further}"
            )
    return tip_of(git, base)


def _parted(git: Git, base: str) -> tuple[str, str] | None:
    """Where branch and ref are, if each has commits that the other has not."""
    here, further = git.commit(f"refs/heads/{base}"), git.commit(ref_of(base))
    if here is None or further is None:
        return None
    if git.is_ancestor(here, of=further) or git.is_ancestor(further, of=here):
        return None
    return here, further


def _merged(
    git: Git, here: str, further: str, task_file: str | None
) -> tuple[str, tuple[str, ...]]:
    """The tree that has both, and the files that conflict."""
    with attributes_of(git, further) as at_base:
        # Who writes the branch's first commit anew leaves no common one.
        tree, files = merge_trees(at_base, further, here, "--allow-unrelated-histories")
    if task_file in files:
        tree = with_file_of(git, tree, here, task_file)
    return tree, tuple(path for path in files if path != task_file)
