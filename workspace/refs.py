"""Refs that move, by one git process that is kept: `git update-ref --stdin` (git-update-ref(1))."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from errors import GitError
from workspace.conversation import Conversation, EndedError


def packed_refs(common_dir: Path) -> tuple[int, ...]:
    """What differs when the refs of a repository were packed anew. A git that is kept looks at size
    and seconds alone: it may take them for what they were before, and move a ref from there."""
    try:
        found = (common_dir / "packed-refs").stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


class Refs:
    """The refs of one repository, as they are seen from one folder. For any thread."""

    def __init__(
        self, start: Callable[[], subprocess.Popen[bytes]], view: Callable[[], object]
    ) -> None:
        """`start` starts `git update-ref --stdin`, with its errors on its output; `view` is
        `packed_refs` of the repository."""
        self._git = Conversation(start, view=view)

    def close(self) -> None:
        """End the process, if there is one. The next command starts a new one."""
        self._git.close()

    def move(self, *commands: str) -> str:
        """Carry out commands as git-update-ref(1) has them, all of them or none.

        Returns:
            What git says where it refuses them; empty: they were carried out.

        Raises:
            GitError: Git ended, and nobody can tell.
        """
        if any("\n" in command or "\0" in command for command in commands):
            raise GitError("no ref is named with a line break")
        said: list[str] = []

        def answer(git: Conversation) -> None:
            while (line := git.line()) != b"commit: ok":
                said.append(line.decode(errors="replace"))

        lines = "".join(f"{command}\n" for command in ("start", *commands, "commit"))
        try:
            self._git.ask([lines.encode(errors="surrogateescape")], answer, again=False)
        except EndedError:
            refused = [line for line in said if line.startswith(("fatal:", "error:"))]
            if not refused:
                raise
            return "\n".join(refused)
        return ""
