"""Whether a worktree holds what was committed, by its files' content."""

from __future__ import annotations

import tempfile
from pathlib import Path

from workspace.worktrees import Worktree

_SUBMODULE = "160000 "


def holds_exactly(worktree: Worktree, tree: str) -> bool:
    """Whether the files of a worktree are those of `tree`, all of them and no others.

    Its own index is not asked. An agent can set flags there (assume-unchanged, skip-worktree), and
    times and sizes, that hide what it changed; with a new index git reads every file. The content
    of submodules belongs to no tree of ours: where there is any, the answer is no.
    """
    git = worktree.git
    # Beside its own index: sandboxes of agents at work elsewhere leave /tmp open to them.
    with tempfile.TemporaryDirectory(prefix="mission-", dir=worktree.git_dir) as folder:
        scratch = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        git.run("read-tree", "--no-sparse-checkout", tree, environment=scratch)
        entries = git.run("ls-files", "--stage", "-z", environment=scratch).fields
        modules = [one.split("\t", 1)[1] for one in entries if one.startswith(_SUBMODULE)]
        if any(_holds_something(worktree.path / path) for path in modules):
            return False
        # `dirty`: git does not start itself in a submodule, with the settings that it finds there.
        changes = git.run(
            "status", "--porcelain", "-z", "--ignored", "--untracked-files=all", "--no-renames",
            "--ignore-submodules=dirty", environment=scratch,
        )  # fmt: skip
    return not changes.stdout


def _holds_something(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
