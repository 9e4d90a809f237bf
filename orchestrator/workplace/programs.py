"""Programs of an agent that are files of the repository: whose version of them is run.

`run: [python3, tools/review.py]` names such a file. A reviewer stands in a tree that its author
left, and must not run the author's version of itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agents.command import file_named
from mission.config import AgentConfig, CommandAgentConfig
from orchestrator.workplace.commit_files import commit_files
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
    tree: Path,
) -> Iterator[Path | None]:
    """The files of `base`, in a folder that nobody works in, while the block runs; None where the
    agent's argv names no file of the repository.

    Args:
        place: The name and number of that folder; nobody else has one of them.
        base: A commit whose files people have agreed to.
        tree: Where the agent is to stand, among files that another has left.
    """
    if not isinstance(settings, CommandAgentConfig) or not _named(settings.run, git, base, tree):
        yield None
        return
    name, number = place
    with commit_files(worktrees, name, number, commit=base) as folder:
        yield folder.path


def _named(argv: Sequence[str], git: Git, base: str, tree: Path) -> bool:
    """Whether an argv names a file that is in a commit or in a tree."""
    names = [name for number in range(len(argv)) if (name := file_named(argv, number))]
    in_tree = any((tree / name).is_file() for name in names)
    return in_tree or any(_holds(git, base, name) for name in names)


def _holds(git: Git, commit: str, name: str) -> bool:
    return git.run("cat-file", "-e", f"{commit}:{name}", check=False).code == 0
