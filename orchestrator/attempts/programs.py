"""Programs of an agent that are files of the repository: whose version of them is run.

`run: [python3, tools/review.py]` names such a file. A reviewer stands in a tree that its author
left, and must not run the author's version of itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agents.command import file_named
from mission.config import AgentConfig
from workspace.git import Git
from workspace.worktrees import Worktrees


@contextmanager
def programs_of(
    settings: AgentConfig,
    worktrees: Worktrees,
    git: Git,
    *,
    place: tuple[str, int],
    base: str,
    work: str,
) -> Iterator[Path | None]:
    """The files of `base`, in a folder that nobody works in, while the block runs; None where the
    agent's argv names no file of the repository, and where it is to stand in `base` itself.

    Args:
        place: The name and number of that folder; nobody else has one of them.
        base: A commit whose files people have agreed to.
        work: The commit in whose tree the agent is to stand.

    Raises:
        GitError: Git cannot make the folder.
    """
    if settings.type != "command" or work == base or not _named(settings.run, git, (base, work)):
        yield None
        return
    name, number = place
    folder = worktrees.ensure(name, number, branch=None, base_commit=base)
    if folder.reused:  # left by a run that was killed, from whatever the base was then
        worktrees.remove(folder)
        folder = worktrees.ensure(name, number, branch=None, base_commit=base)
    try:
        yield folder.path
    finally:
        worktrees.remove(folder)


def _named(argv: Sequence[str], git: Git, commits: Sequence[str]) -> bool:
    """Whether an argv names a file that is in one of the commits."""
    names = [name for number in range(len(argv)) if (name := file_named(argv, number))]
    files = [f"{commit}:{name}" for name in names for commit in commits]
    return any(git.run("cat-file", "-e", file, check=False).code == 0 for file in files)
