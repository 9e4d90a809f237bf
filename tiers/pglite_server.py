"""PGlite on a folder, speaking Postgres's protocol on loopback. Its programs come from npm."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from mission.errors import TierError
from tiers.address import PostgresAddress, Tls
from tiers.folders import tiers_home
from tiers.owned_process import OwnedProcess, log_tail
from tiers.server_user import ServerUser

START_SECONDS = 90.0  # WebAssembly that is compiled anew: 16 s were seen on a busy machine
CONNECTIONS = 5  # one is not enough to look at what another one does
_GRACE = 3  # seconds; it was seen to ignore the polite signal
_POLL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class PgliteProgram:
    """Where the server program is."""

    node: Path
    script: Path  # pglite-server of @electric-sql/pglite-socket


def find_pglite() -> PgliteProgram | None:
    """The program on PATH, if Node and it are there."""
    node, script = shutil.which("node"), shutil.which("pglite-server")
    if node is None or script is None:
        return None
    return PgliteProgram(node=Path(node), script=Path(script).resolve())


@dataclass(frozen=True, kw_only=True, slots=True)
class PgliteServer:
    """A server on a PGlite folder. Everybody on this machine may connect: it knows no passwords.

    Of two transactions one waits for the other, and `COPY ... FROM STDIN` breaks it: read from it.
    """

    program: PgliteProgram
    folder: Path  # PGlite's own; created if new
    port: int

    @property
    def address(self) -> PostgresAddress:
        """The only database that a PGlite folder has."""
        return PostgresAddress(
            port=self.port, database="postgres", user="postgres", tls=Tls.DISABLE
        )

    def start(self) -> OwnedProcess:
        """Start it as ours: it ends when we end. Returns once it answers.

        Raises:
            TierError: Another server of this user has the folder, or it does not come up.
        """
        home = tiers_home() / "pglite"
        home.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(os.fsencode(self.folder.resolve())).hexdigest()[:16]
        log = home / f"{digest}.log"
        lock = _lock(home / f"{digest}.lock", self.folder)
        try:
            process = OwnedProcess(
                [
                    *(str(self.program.node), str(self.program.script)),
                    *(f"--db={self.folder.resolve()}", f"--port={self.port}"),
                    *("--host=127.0.0.1", f"--max-connections={CONNECTIONS}"),
                ],
                user=ServerUser(name="ourselves"),  # the folder is ours, and WebAssembly is a cage
                log=log,
                grace=_GRACE,
                lock=lock,
            )
        finally:
            os.close(lock)  # the guard has it now
        try:
            self._wait(process, log)
        except BaseException:
            process.stop()
            raise
        return process

    def _wait(self, process: OwnedProcess, log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while process.exit_code is None and time.monotonic() < deadline:
            try:
                psycopg.connect(**self.address.connect_arguments()).close()
            except psycopg.OperationalError:
                time.sleep(_POLL_SECONDS)
            else:
                return
        raise TierError(f"PGlite on {self.folder} did not start: {log_tail(log)}")


def _lock(path: Path, folder: Path) -> int:
    """Lock out a second server: PGlite itself would let both write into the folder."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise TierError(
            f"Another PGlite server has {folder} open",
            hint="End it first: two of them destroy the data",
        ) from None
    return descriptor
