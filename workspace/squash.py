"""Squash merges, made from trees alone: no checkout is touched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from errors import GitError, MergeConflictError, NothingToMergeError
from workspace.attributes import attributes_of
from workspace.git import Git
from workspace.git_command import reason
from workspace.identity import RUNNER, identity_now
from workspace.tree_entries import MISSING

TASK = "Task"
ATTEMPT = "Attempt"
MISSION = "Mission"  # the path of the task file: a repository may hold several missions
_SUBJECT = 72  # characters
_STRANGE = frozenset({"", ".", "..", ".git", "git~1"})  # parts of a path that git refuses to make
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Touch:
    """A commit on the base that changed files which a merge conflicts over."""

    commit: str
    task: str | None  # from its trailer; None: it was merged by other means
    subject: str
    files: tuple[str, ...]


def message_for(task: str, description: str, attempt: int, *, mission: str = "") -> str:
    """The message of a squash commit: `ID: description`, and what it is of, as git trailers.

    Forges and their CI act on nothing in the description.
    """
    task_id, whole = one_line(task), inert(one_line(description))
    subject = f"{task_id}: {whole}" if whole else task_id
    body = ""
    if len(subject) > _SUBJECT:
        subject = subject[: _SUBJECT - 1].rstrip() + "…"
        # Not where a line begins: what a plan says is never taken for a trailer, or a revert.
        body = f" {whole}\n\n"
    facts = [(TASK, task_id), (ATTEMPT, str(attempt))]
    if mission:
        facts.append((MISSION, mission))
    return f"{subject}\n\n{body}" + "".join(f"{key}: {one_line(value)}\n" for key, value in facts)


def leftovers_message(task: str, summary: str, attempt: int) -> str:
    """The message of a branch's commit with what an agent left uncommitted.

    Its trailers have names of their own: by those of a squash merges are recognised on the base.
    """
    first = summary.strip().partition("\n")[0]
    subject = f"{one_line(task)}: {inert(one_line(first)) or 'work'}"
    return f"{subject}\n\nMission-Task: {one_line(task)}\nMission-Attempt: {attempt}\n"


def make_squash(
    git: Git, *, base: str, head: str, message: str, author: str, committer: str = RUNNER
) -> str:
    """The commit on top of `base` with all that `head` changed. No ref points to it yet.

    Raises:
        MergeConflictError: It does not apply; with the files.
        NothingToMergeError: `base` already has all of it.
        GitError: Git refused, as for branches without a common commit; or it holds a path that no
            checkout can.
    """
    files: tuple[str, ...] = ()
    if git.is_ancestor(base, of=head):
        tree = git.tree(head)  # there is nothing to merge: only one side has changed
    else:
        with attributes_of(git, base) as at_base:
            tree, files = merge_trees(at_base, base, head)
    if files:
        raise MergeConflictError(
            f"the branch conflicts with the base in {', '.join(files)}", files=files
        )
    if tree == git.tree(base):
        raise NothingToMergeError("the branch changes nothing that the base does not have already")
    _refuse_strange_paths(git, git.tree(base), tree)
    return git.written(base).commit(
        tree,
        message=message,
        author=identity_now(author),
        committer=identity_now(committer),
        parents=[base],
    )


def _refuse_strange_paths(git: Git, before: str, after: str) -> None:
    """Git stores any name in a tree, and checks out no tree with one of these."""
    with git.objects() as store:
        made = [one.new.path for one in store.changes(before, after) if one.new.mode != MISSING]
    strange = [path for path in made if not _STRANGE.isdisjoint(path.casefold().split("/"))]
    if strange:
        raise GitError(
            f"the branch has {strange[0]!r}, which no checkout can hold",
            hint="Take it out of the branch: on the base it would keep everybody from following",
        )


def merge_trees(git: Git, ours: str, theirs: str, *options: str) -> tuple[str, tuple[str, ...]]:
    """The tree that merges two commits, and the files that conflict.

    Attributes decide it: which, is `workspace.attributes.attributes_of`. `options` are those of
    git-merge-tree(1).
    """
    merged = git.run(
        "merge-tree", "--write-tree", "--name-only", "--no-messages", *options, "-z", ours, theirs,
        check=False,
    )  # fmt: skip
    if merged.code not in (0, 1):
        raise GitError(f"git merge-tree: {reason(merged)}")
    tree, *files = merged.fields
    return tree, tuple(dict.fromkeys(files))


def who_merged(git: Git, *, base: str, head: str, files: Sequence[str]) -> tuple[Touch, ...]:
    """What changed these files on `base` after `head` left it, the newest first."""
    # No path starts with a slash: it tells a commit's first field from a file.
    fields = iter(
        git.run(
            "--literal-pathspecs", "log", "-z", "--name-only", "--no-renames", "-m",
            "--first-parent", f"--format=/%H%x00{_trailer(TASK)}%x00%s",
            "--end-of-options", f"{head}..{base}", "--", *files,
        ).fields
    )  # fmt: skip
    touches: list[Touch] = []
    for field in fields:
        if field.startswith("/"):
            task, subject = next(fields), next(fields)
            touches.append(Touch(commit=field[1:], task=task or None, subject=subject, files=()))
        else:
            last = touches[-1]
            path = field if last.files else field.removeprefix("\n")
            touches[-1] = replace(last, files=(*last.files, path))
    return tuple(touches)


def _trailer(key: str) -> str:
    return f"%(trailers:key={key},valueonly,separator=%x2C)"


def one_line(text: str) -> str:
    """Text as one line, as the trailers have it."""
    return _SPACES.sub(" ", text).strip()


_BRACKETS = str.maketrans("[]", "()")  # [skip ci], [ci skip], [no ci], [skip actions], ...
_ASTERISKS = re.compile(r"\*{2,}")  # ***NO_CI***
_REFERENCE = re.compile(r"(#|!|\bGH-|/(?:issues|pulls?|merge_requests|work_items)/)(?=\w)")


def inert(text: str) -> str:
    """`text` without anything that a forge or its CI would act on."""
    return _REFERENCE.sub(r"\1 ", _ASTERISKS.sub("*", text.translate(_BRACKETS)))
