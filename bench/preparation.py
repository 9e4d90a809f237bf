"""What it takes to have a folder to work in, against `git worktree add`.

    python -m bench.preparation [ROUNDS]

On a generated repository. For a row that follows another one: its worktree, which begins with the
files of the one before; and the checkout in which it is verified, which does so too, and has every
file read again. In between a commit has changed one file, and whoever was there has changed one and
left one. In one run, in turn with `git worktree add`.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from bench.row_repositories import generated, git
from workspace.repository import Repository
from workspace.worktrees import Worktrees

FILES, COMMITS = 20_000, 5_000
TARGET = 0.5
_ROUNDS = 5
T = TypeVar("T")
_NAME = "part-0/module-0/file-0.txt"


def measure(
    rounds: int = _ROUNDS, *, files: int = FILES, commits: int = COMMITS
) -> dict[str, object]:
    """The figures: seconds, medians of the rounds.

    Args:
        rounds: How often each is measured, in turn.
        files: Of the repository.
        commits: Of the repository.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        folder = Path(place)
        generated(folder / "template.git", files=files, commits=commits)
        git(folder, "clone", "-q", str(folder / "template.git"), str(folder / "top"))
        repository = Repository.open(folder / "top")
        try:
            return _measured(repository, folder, rounds)
        finally:
            repository.close()


def _measured(repository: Repository, folder: Path, rounds: int) -> dict[str, object]:
    worktrees = Worktrees(repository, folder / "worktrees", pooled=True)
    taken: dict[str, list[float]] = {"git": [], "to_work": [], "to_verify": []}
    first: dict[str, float] = {}
    for number in range(rounds + 1):
        base = _changed(repository, number)
        bare = folder / "by-git"
        add = ("worktree", "add", "-q", "--detach", str(bare), base)
        by_git, _ = _timed(partial(git, repository.top, *add))
        git(repository.top, "worktree", "remove", "--force", str(bare))
        seconds = {"git": by_git}
        for kind, full in (("to_work", False), ("to_verify", True)):
            ensure = partial(worktrees.ensure, f"R.{full}", number, branch=None, full=full)
            seconds[kind], worktree = _timed(partial(ensure, base_commit=base))
            (worktree.path / "left.txt").touch()
            (worktree.path / _NAME).write_text(f"work {number}\n")
            worktrees.remove(worktree)
        if number == 0:
            first = seconds
        else:
            for kind, one in seconds.items():
                taken[kind].append(one)
    worktrees.clear_pool()
    medians = {kind: round(statistics.median(of), 3) for kind, of in taken.items()}
    return {
        "rounds": rounds,
        "target_seconds": TARGET,
        "first_seconds": {kind: round(one, 3) for kind, one in first.items()},
        "seconds": medians,
        "over_git": {
            kind: round(medians[kind] / medians["git"], 3) for kind in ("to_work", "to_verify")
        },
    }


def _changed(repository: Repository, number: int) -> str:
    """A commit on the base in which one file has changed."""
    blob = git(repository.top, "hash-object", "-w", "--stdin", data=b"change %d\n" % number)
    git(repository.top, "update-index", "--cacheinfo", f"100644,{blob},{_NAME}")
    tree = git(repository.top, "write-tree")
    base = git(repository.top, "commit-tree", "-p", "HEAD", "-m", f"Change {number}", tree)
    git(repository.top, "update-ref", "HEAD", base)
    return base


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    begin = time.perf_counter()
    done = work()
    return time.perf_counter() - begin, done


if __name__ == "__main__":
    print(json.dumps(measure(*map(int, sys.argv[1:2])), indent=2))
