"""A PGlite data folder, served over the wire protocol by `pglite-server` for as long as we need it.

PGlite keeps no lock on its folder: two servers on one folder destroy it. So we lock it among
ourselves, and look whether another process has files in it open. The lock is an open file that the
server's guard holds, too: when we are killed, it is let go when the server is gone, not before.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from errors import TierError
from tiers.servers.owned_process import OwnedProcess, free_port, log_tail
from tiers.settings.address import PostgresAddress, Tls
from tiers.settings.folders import tiers_home
from tiers.settings.server_user import ServerUser
from workspace.process import Stop

PROGRAM = "pglite-server"
START_SECONDS = 120.0  # it has been seen to take thirty on a busy machine
LOCK_SECONDS = 10.0  # long enough for the server of somebody who was killed to end
_GRACE = 3  # seconds; it has been seen to ignore a polite signal
_POLL_SECONDS = 0.05
_NO_EXTENSION = "Failed to import extension"


def has_pglite() -> bool:
    """Whether this machine can serve a PGlite folder."""
    return shutil.which(PROGRAM) is not None and shutil.which("node") is not None


@contextmanager
def open_pglite(folder: Path, stop: Stop | None = None) -> Iterator[PostgresAddress]:
    """Serve the data in a folder; the database's address.

    Raises:
        TierError: It is no PGlite folder, is in use, or the program is missing or does not start.
        StoppedError: A stop was requested before it had started.
    """
    if not (folder / "PG_VERSION").is_file():
        raise TierError(f"{folder} holds no PGlite data")
    with serve_pglite(folder, stop) as address:
        yield address


@contextmanager
def serve_pglite(folder: Path, stop: Stop | None = None) -> Iterator[PostgresAddress]:
    """The same for a folder that is new, too.

    Raises:
        TierError: It is in use, or the program is missing or does not start.
        StoppedError: A stop was requested before it had started.
    """
    folder = folder.absolute()
    stop = stop or Stop()
    program = shutil.which(PROGRAM)
    node = shutil.which("node")
    if program is None or node is None:
        raise TierError(
            f"PGlite's data needs the program {PROGRAM}, which is not on PATH",
            hint="npm install --global @electric-sql/pglite-socket @electric-sql/pglite",
        )
    with _alone(folder) as lock, _private_log(folder) as log:
        command = [node, os.path.realpath(program), "-d", str(folder), "-m", "5"]
        # The folder may use pgvector; it cannot be told from outside, and not having it is fine.
        try:
            server, port = _start([*command, "-e", "vector"], log, lock, stop)
        except TierError:
            if _NO_EXTENSION not in log.read_text():
                raise
            log.write_text("")
            server, port = _start(command, log, lock, stop)
        try:
            yield PostgresAddress(port=port, user="postgres", database="postgres", tls=Tls.DISABLE)
        finally:
            server.stop()


@contextmanager
def _private_log(folder: Path) -> Iterator[Path]:
    """An empty file for our eyes only. After a kill the next one on the folder takes its place."""
    log = _lock_file(folder).with_suffix(".log")
    log.unlink(missing_ok=True)
    os.close(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield log
    finally:
        log.unlink()


@contextmanager
def _alone(folder: Path) -> Iterator[int]:
    """Nobody else opens the folder; the lock's open file."""
    file = _lock_file(folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _take(lock) or _has_open_files(folder.resolve()):
            raise TierError(f"{folder} is in use by another process", hint="End what uses it first")
        yield lock
    finally:
        os.close(lock)


def _lock_file(folder: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return tiers_home() / "locks" / f"pglite-{digest}"


def _take(lock: int) -> bool:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        else:
            return True


def _has_open_files(folder: Path) -> bool:
    """Whether a process that we may look at has a file of the folder open. Linux only."""
    return any(
        Path(target).is_relative_to(folder)
        for descriptors in Path("/proc").glob("[0-9]*/fd")
        for target in _targets(descriptors)
    )


def _targets(descriptors: Path) -> list[str]:
    try:
        return [str(link.readlink()) for link in descriptors.iterdir()]
    except OSError:  # another user's process, or one that has just ended
        return []


def _start(command: list[str], log: Path, lock: int, stop: Stop) -> tuple[OwnedProcess, int]:
    port = free_port()
    server = OwnedProcess(
        [*command, "-p", str(port)],
        user=ServerUser(name=""),  # we ourselves: the folder is ours
        log=log,
        polite=signal.SIGINT,
        grace=_GRACE,
        lock=lock,
    )
    try:
        _wait(server, log, stop)
    except BaseException:
        server.stop()
        raise
    return server, port


def _wait(server: OwnedProcess, log: Path, stop: Stop) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if "listening on" in log.read_text(errors="replace"):
            return
        if server.exit_code is not None:
            break
        stop.heed()
        stop.wait(_POLL_SECONDS)
    raise TierError(f"{PROGRAM} did not start: {log_tail(log)}")
