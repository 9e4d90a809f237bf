"""What the local Prefect server asks of its clients: a secret in a file of the server's folder.

Whoever may create a flow run on a server decides what its workers run. Loopback is open to every
user of a machine and to every program with a network, so the server asks for more than that.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from mission.private import put_private, read_private

_SHORTEST = 16  # characters of a password
_USER = "mission"  # Prefect wants `user:password`, and so do `curl --user` and its like


class ServerSecret:
    """The secret of the server in `folder`, which has to be private."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "auth"

    def read(self) -> str | None:
        """The secret; None if there is none that only this user can know.

        Raises:
            OSError: It cannot be read.
        """
        text = (read_private(self.file) or "").strip()
        user, _, password = text.partition(":")
        # A person may put one of their own there, on one line, but none that can be guessed.
        sound = user and len(password) >= _SHORTEST and text.isascii() and text.isprintable()
        return text if sound else None

    def ensure(self, *, renew: bool) -> str:
        """The secret, made up where there is none.

        Args:
            renew: Whether to make up another one in any case.

        Raises:
            OSError: It cannot be read or written.
        """
        known = None if renew else self.read()
        if known is not None:
            return known
        made = f"{_USER}:{secrets.token_urlsafe(32)}"
        put_private(self.file, made + "\n", replace=True)
        return made


def fingerprint(secret: str | None) -> str:
    """What tells two secrets apart and tells nothing of either; empty for none."""
    return hashlib.sha256(secret.encode()).hexdigest() if secret is not None else ""
