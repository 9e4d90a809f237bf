"""Squash merges, made from trees alone: no checkout is touched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mission.errors import GitError, MergeConflictError, NothingToMergeError
from workspace.git import Git, reason
from workspace.identity import RUNNER, identity_environment

TASK = "Task"
ATTEMPT = "Attempt"
MISSION = "Mission"  # the path of the task file: a repository may hold several missions
_SUBJECT = 72  # characters
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Touch:
    """A commit on the base that changed files which a merge conflicts over."""

    commit: str
    task: str | None  # from its trailer; None: it was merged by other means
    subject: str
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Landing:
    """A squash commit on the base, by its trailers."""

    commit: str
    task: str
    attempt: str
    mission: str  # its task file; empty in commits of the runner's earlier versions


def message_for(task: str, description: str, attempt: int, *, mission: str = "") -> str:
    """The message of a squash commit: `ID: description`, and what it is of, as git trailers."""
    task_id, whole = _line(task), _line(description)
    subject = f"{task_id}: {whole}" if whole else task_id
    body = ""
    if len(subject) > _SUBJECT:
        subject = subject[: _SUBJECT - 1].rstrip() + "…"
        body = f"{whole}\n\n"
    facts = [(TASK, task_id), (ATTEMPT, str(attempt))]
    if mission:
        facts.append((MISSION, mission))
    return f"{subject}\n\n{body}" + "".join(f"{key}: {_line(value)}\n" for key, value in facts)


def leftovers_message(task: str, summary: str, attempt: int) -> str:
    """The message of a branch's commit with what an agent left uncommitted.

    Its trailers have names of their own: by those of a squash merges are recognised on the base.
    """
    first = summary.strip().partition("\n")[0]
    subject = f"{_line(task)}: {_line(first) or 'work'}"
    return f"{subject}\n\nMission-Task: {_line(task)}\nMission-Attempt: {attempt}\n"


def make_squash(
    git: Git, *, base: str, head: str, message: str, author: str, committer: str = RUNNER
) -> str:
    """The commit on top of `base` with all that `head` changed. No ref points to it yet.

    Raises:
        MergeConflictError: It does not apply; with the files.
        NothingToMergeError: `base` already has all of it.
        GitError: Git refused, as for branches without a common commit.
    """
    tree, files = merge_trees(git, base, head)
    if files:
        raise MergeConflictError(
            f"the branch conflicts with the base in {', '.join(files)}", files=files
        )
    if tree == git.tree(base):
        raise NothingToMergeError("the branch changes nothing that the base does not have already")
    return git.run(
        "commit-tree", tree, "-p", base,
        input=message,
        environment=identity_environment(author, committer),
    ).text  # fmt: skip


def merge_trees(git: Git, ours: str, theirs: str) -> tuple[str, tuple[str, ...]]:
    """The tree that merges two commits, and the files that conflict."""
    merged = git.run(
        "merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs,
        check=False,
    )  # fmt: skip
    if merged.code not in (0, 1):
        raise GitError(f"git merge-tree: {reason(merged)}")
    tree, *files = merged.fields
    return tree, tuple(dict.fromkeys(files))


def find_landed(
    git: Git,
    base_ref: str,
    task: str,
    attempt: int,
    since: str | None = None,
    *,
    mission: str = "",
) -> str | None:
    """The commit with which an attempt was merged, if it was; looked for on the base only after
    the commit `since`."""
    reach = f"{since}..{base_ref}" if since else base_ref
    for one in landings(git, reach, mission):
        if (one.task, one.attempt) == (_line(task), str(attempt)):
            return one.commit
    return None


def landings(git: Git, reach: str, mission: str = "") -> Iterator[Landing]:
    """The squash commits in a range of commits, the newest first.

    Those of another mission are left out. A commit that names none, as the runner's earlier
    versions made them, may be of any.
    """
    fields = ("%H", _trailer(TASK), _trailer(ATTEMPT), _trailer(MISSION))
    log = iter(
        git.run("log", f"--format={'%x00'.join(fields)}%x00", "--end-of-options", reach).fields
    )
    for commit, task, attempt, of_mission in zip(log, log, log, log, strict=True):
        if task and of_mission in ("", _line(mission)):
            yield Landing(commit=commit.strip(), task=task, attempt=attempt, mission=of_mission)


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


def _line(text: str) -> str:
    """Text as one line."""
    return _SPACES.sub(" ", text).strip()
