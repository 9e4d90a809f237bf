"""New trees, made by one `git mktree --batch` for as many as there are (git-mktree(1))."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

from errors import GitError
from workspace.conversation import Conversation
from workspace.tree_entries import SUBMODULE, TREE, Entry

_KINDS = {TREE: "tree", SUBMODULE: "commit"}


class Trees:
    """Makes trees in one repository."""

    def __init__(self, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        """`start` starts `git mktree -z --missing --batch`."""
        self._git = Conversation(start)

    def close(self) -> None:
        """End the process, if there is one."""
        self._git.close()

    def make(self, entries: Sequence[Entry]) -> str:
        """The id of the tree with these entries, in whatever order; there is at least one.

        Raises:
            GitError: Git refuses one of them.
        """
        lines = (
            f"{one.mode} {_KINDS.get(one.mode, 'blob')} {one.oid}\t{one.path}\0" for one in entries
        )
        asked = f"{''.join(lines)}\0".encode(errors="surrogateescape")
        (oid,) = self._git.ask([asked], Conversation.line)
        if not oid:
            raise GitError("git makes no such tree")
        return oid.decode()
