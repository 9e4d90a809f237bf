"""The local `prefect server` of this user: found, started, stopped, asked how it is.

One server a user, on SQLite, bound to loopback, in a folder of its own under the runner's home,
which nobody else can open. It outlives the run that started it, so that the next run starts fast
and people can open its pages. It asks everybody for its secret (`flows.server_secret`).

Two locks keep it one. `start.lock` is held by whoever finds or starts it, so that two runs at the
same moment share one server. `alive.lock` is held by the server process itself.

Nothing here imports Prefect: a run starts the server first and imports Prefect meanwhile.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path

import httpx
from filelock import FileLock, Timeout

from errors import MissionError, UsageError
from flows.process_lock import ProcessLock
from flows.server_record import HOST, Server, ServerRecord
from flows.server_secret import ServerSecret, fingerprint
from flows.settings import Access, server_settings
from mission.place import mission_home
from mission.private import new_private, private_folder

START_SECONDS = 180.0  # a slow machine's first start: imports, then the database's migrations
STOP_SECONDS = 15.0  # then it is killed; its database takes no harm
_POLL_SECONDS = 0.1
_ANSWER_SECONDS = 5.0  # for one question to a server that is up
_RECORD_SECONDS = 5.0  # between a server's start and its record
_BACKLOG = 1024  # connections that wait while the server starts
_SERVING = Path(__file__).with_name("serving.py")

OnNote = Callable[[str], None]

# Servers that this process started are its children and outlive it. Kept, because Python warns of a
# child that is forgotten while it runs; `_reap` drops those that ended.
_children: list[subprocess.Popen[bytes]] = []


class ServerError(MissionError):
    """The local Prefect server cannot be started, stopped or used."""


def quiet(_note: str) -> None:
    """For callers who tell nobody what takes its time."""


def answers(api: str, *, seconds: float = _ANSWER_SECONDS) -> bool:
    """Whether a Prefect API says at this address that it is well. It asks nobody for a secret."""
    # Where nothing is encrypted no certificates are read, which takes longer than the answer.
    safe = not api.startswith("http://")
    try:
        answer = httpx.get(
            f"{api.rstrip('/')}/health", timeout=seconds, trust_env=False, verify=safe
        )
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK


class LocalServer:
    """The server whose state is in `folder`."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = mission_home() / "prefect" if folder is None else folder
        self.log = self.folder / "server.log"
        self.secret = ServerSecret(self.folder)
        self._record = ServerRecord(self.folder)
        self._alive = ProcessLock(self.folder / "alive.lock")
        self._noted = False  # that it is being started: said once, however often it has to be

    def running(self) -> Server | None:
        """The server, if its process is there. It may still be starting up."""
        return self._record.read() if self._alive.held else None

    def find_or_start(self, note: OnNote = quiet) -> Server:
        """Find the server's process or start it. It may not answer yet: `await_answer`.

        Args:
            note: Told in one line what takes its time.

        Raises:
            ServerError: Its process cannot be found or started.
        """
        try:
            private_folder(self.folder)
        except UsageError as error:
            raise ServerError(error.message, hint=error.hint) from error
        with self._starting():
            return self._found(note) or self._start(note)

    def access(self) -> Access:
        """What a client of the running server needs beside its address.

        Raises:
            ServerError: Its secret is not there.
        """
        secret = self.secret.read()
        if secret is None:
            raise ServerError(
                f"the secret of the local Prefect server is not in {self.secret.file}",
                hint="`mission server start` replaces the server by one with a new secret",
            )
        return Access(home=self.folder, secret=secret)

    def await_answer(self, server: Server) -> bool:
        """Wait until the server answers. False if its process ended instead.

        Raises:
            ServerError: It is there and does not answer; the hint names its log.
        """
        deadline = time.monotonic() + START_SECONDS
        while not answers(server.api):
            if not self._alive.held:
                _reap()
                return False
            if time.monotonic() > deadline:
                raise ServerError(
                    f"the local Prefect server does not answer at {server.api}",
                    hint=f"Its log: {self.log}; `mission server stop` ends it",
                )
            time.sleep(_POLL_SECONDS)
        return True

    def ensure(self, note: OnNote = quiet) -> Server:
        """Find the server or start it; it answers when this returns.

        Raises:
            ServerError: It did not come up; the hint names its log.
        """
        for _ in range(2):  # the one that was found may have been about to end
            server = self.find_or_start(note)
            if self.await_answer(server):
                return server
        raise ServerError(
            f"the local Prefect server ended while it started: {self._last_words()}",
            hint=f"Its log: {self.log}",
        )

    def stop(self) -> Server | None:
        """End the server and wait until its process is gone. None if none was running.

        Raises:
            ServerError: A process holds its lock, and nothing says which.
        """
        if not self.folder.is_dir():
            return None
        with self._starting():
            server = self._await_record() if self._alive.held else None
            if server is not None:
                self._end(server)
            return server

    @contextmanager
    def _starting(self) -> Iterator[None]:
        lock = FileLock(
            self.folder / "start.lock", mode=0o600, timeout=START_SECONDS + STOP_SECONDS
        )
        try:
            lock.acquire()
        except Timeout as error:
            raise ServerError(
                "another process has been starting the local Prefect server for minutes",
                hint=f"Its log: {self.log}",
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _found(self, note: OnNote) -> Server | None:
        """The running server, unless it has to be replaced."""
        if not self._alive.held:
            return None
        server = self._await_record()
        why = self.unfit(server)
        if not why:
            return server
        note(f"Replacing the local Prefect server {why}")
        self._end(server)
        return None

    def unfit(self, server: Server) -> str:
        """Why a running server is not what we would start: it is of another version than this
        environment's Prefect, or does not ask for the secret that we know. Empty: it is."""
        wanted = installed_version("prefect")
        if server.version != wanted:
            return f"{server.version} by {wanted}"
        if not server.secret:
            return "of an older runner, which asks for no secret"
        if server.secret != fingerprint(self.secret.read()):
            return f"whose secret is not in {self.secret.file}"
        return ""

    def _start(self, note: OnNote) -> Server:
        first = not (self.folder / "prefect.db").exists()
        if not self._noted:
            note(
                "Starting the local Prefect server"
                + (": the first time takes a while" if first else "")
            )
            self._noted = True
        last = self._record.read()
        listening = _listen(last.port if last is not None else 0)
        port: int = listening.getsockname()[1]
        # Clients come back to the port that they know, and the secret stays with it. Who holds that
        # port now has been told it by those that came.
        secret = self.secret.ensure(renew=last is not None and last.port != port)
        # Killed before the new record is there, this leaves none: an old one would name a process
        # that may be anybody's by now.
        self._record.forget()
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with listening, self._alive.taken() as lock, new_private(self.log) as log:
            child = subprocess.Popen(
                [sys.executable, "-P", str(_SERVING), str(listening.fileno())],
                cwd=self.folder,
                env=server_settings(self.folder, secret=secret),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # the Ctrl-C of a run is not for the server
                pass_fds=(lock, listening.fileno()),
                umask=0o077,
            )
        _children.append(child)
        server = Server(
            pid=child.pid,
            port=port,
            version=installed_version("prefect"),
            since=datetime.now(UTC).isoformat(timespec="seconds"),
            secret=fingerprint(secret),
        )
        self._record.write(server)
        return server

    def _await_record(self) -> Server:
        deadline = time.monotonic() + _RECORD_SECONDS
        while (server := self._record.read()) is None:
            if time.monotonic() > deadline:
                raise ServerError(
                    f"a process holds {self._alive.path}; {self._record.file.name} says not which",
                    hint="Find it with `fuser` or `lsof` and end it",
                )
            time.sleep(_POLL_SECONDS)
        return server

    def _end(self, server: Server) -> None:
        """SIGTERM, then SIGKILL. Its lock is held, so the process id is still the server's."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(server.pid, number)
            except ProcessLookupError:
                break
            deadline = time.monotonic() + STOP_SECONDS
            while self._alive.held and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
            if not self._alive.held:
                break
        _reap()

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n")
        said = [line.strip() for line in lines if line.strip()]
        return said[-1] if said else "it said nothing"


def _reap() -> None:
    _children[:] = [child for child in _children if child.poll() is None]


def _listen(wanted: int) -> socket.socket:
    """A socket at `wanted` where that is free, so that people's bookmarks stay good; else anywhere.

    It listens at once: from here on no other user's program can be found at the port.
    """
    for port in (wanted, 0):
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
            listening.listen(_BACKLOG)
        except OSError:
            listening.close()
            continue
        return listening
    raise ServerError("no free port on loopback")
