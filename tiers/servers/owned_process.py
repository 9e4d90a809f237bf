"""A server process that ends with us: on request, at exit, and when we are killed."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tiers.servers import guard
from tiers.settings.server_user import ServerUser

GRACE_SECONDS = 20  # in most cases, between the polite signal and the kill


class OwnedProcess:
    """A server under a guard (see `tiers.servers.guard`). Standard output and error go to `log`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        user: ServerUser,
        log: Path,
        polite: signal.Signals = signal.SIGTERM,  # what makes it end by itself
        grace: int = GRACE_SECONDS,  # until it is killed
        environment: Mapping[str, str] | None = None,  # none of ours, if not given
        lock: int | None = None,  # an open file that stays open for exactly as long as it runs
    ) -> None:
        self._grace = grace
        with log.open("ab") as output:
            user.take(log)
            self._guard = subprocess.Popen(
                [
                    *(sys.executable, "-I", guard.__file__),
                    *map(str, (user.uid, user.gid, int(polite), grace)),
                    *command,
                ],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=log.parent,
                env=server_environment() if environment is None else environment,
                pass_fds=() if lock is None else (lock,),
                start_new_session=True,  # a terminal's Ctrl-C is for us, not for the server
            )

    @property
    def exit_code(self) -> int | None:
        """None while the server runs."""
        return self._guard.poll()

    def stop(self) -> None:
        """End the server and wait until it has ended. Does nothing when it has."""
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        self._guard.wait(self._grace + 10)


def server_environment() -> dict[str, str]:
    """All that a server sees of our environment: nothing."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def log_tail(log: Path, lines: int = 6) -> str:
    """The last lines of a server's log on one line, for an error message."""
    if not log.is_file():
        return "no log"
    return " / ".join(log.read_text(errors="replace").splitlines()[-lines:])
