"""Refs that move, by one git process that is kept: `git update-ref --stdin` (git-update-ref(1))."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from errors import GitError
from workspace.conversation import Conversation, EndedError


class Refs:
    """The refs of one repository, as they are seen from one folder. For any thread."""

    def __init__(self, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        """`start` starts `git update-ref --stdin`, with its errors on its output."""
        self._git = Conversation(start)

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
