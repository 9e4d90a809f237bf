"""A Postgres server of our own on loopback, from binaries that this machine has."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from errors import TierError
from tiers.servers.owned_process import OwnedProcess, log_tail, server_environment
from tiers.servers.postgres_binaries import PostgresBinaries
from tiers.settings.address import PostgresAddress
from tiers.settings.server_user import ServerUser

START_SECONDS = 60.0  # recovery after a crash included
_POLL_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresServer:
    """A data folder and the server on it. `address` names its first database and superuser."""

    binaries: PostgresBinaries
    folder: Path  # holds `data/` and `postgres.log`; private to `user`
    address: PostgresAddress
    user: ServerUser = field(default_factory=ServerUser.current)
    settings: Mapping[str, str] = field(default_factory=dict)  # lines of postgresql.conf

    @property
    def product(self) -> str:
        """What runs here, for people."""
        return f"Postgres {self.binaries.version} of {self.binaries.origin}"

    @property
    def data(self) -> Path:
        """The server's own folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "postgres.log"

    def create(self) -> None:
        """Initialise the data folder, unless it is there. Killed half-way, it starts anew.

        Raises:
            TierError: `initdb` failed, or the folder is of another Postgres.
        """
        if self.data.is_dir():
            self.check_version()
            return
        self.user.make_folder(self.folder)
        half = self.folder / "data.half"
        shutil.rmtree(half, ignore_errors=True)
        password = self.folder / "password.initdb"
        secret = self.address.password
        self.user.write_private(password, secret.get_secret_value() if secret else "")
        try:
            self._run(
                "initdb",
                *("--pgdata", str(half), "--username", self.address.user, "--encoding", "UTF8"),
                *("--auth", "scram-sha-256" if secret else "trust"),
                *(("--pwfile", str(password)) if secret else ()),
                *self._locale(),
                "--no-sync",
            )
        finally:
            password.unlink()
        with (half / "postgresql.conf").open("a") as conf:
            conf.write("include 'mission.conf'\n")
        half.rename(self.data)

    def check_version(self) -> None:
        """See that our programs can read the data folder.

        Raises:
            TierError: It was made by another major version.
        """
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != str(self.binaries.version):
            raise TierError(
                f"{self.data} was made by Postgres {version}, and {self.product} cannot read it",
                hint="Install that version, or dump the data with it and remove the folder",
            )

    def start(self) -> OwnedProcess:
        """Start the server as ours: it ends when we end. Returns once it answers.

        Raises:
            TierError: It does not come up; the message has the end of its log.
        """
        process = self.launch()
        try:
            self._wait(process)
            self._prepare_database()
        except BaseException:
            process.stop()
            raise
        return process

    def launch(self) -> OwnedProcess:
        """The same without waiting until it answers."""
        self.create()
        self._write_settings()
        return OwnedProcess(
            [self.binaries.program("postgres"), "-D", str(self.data)],
            user=self.user,
            log=self.log,
            polite=signal.SIGINT,  # "fast": ends the connections, then itself
        )

    def start_daemon(self) -> None:
        """Start the server so that it stays when we end. Does nothing when it runs.

        Raises:
            TierError: It does not come up; the message has the end of its log.
        """
        self.create()
        if not self.is_running():
            self._write_settings()
            seconds = str(round(START_SECONDS))
            self._run("pg_ctl", "start", "--wait", "--timeout", seconds, "--log", str(self.log))
        self._prepare_database()

    def stop_daemon(self) -> bool:
        """End the server. False if it did not run.

        Raises:
            TierError: It does not end.
        """
        if not self.is_running():
            return False
        self._run("pg_ctl", "stop", "--wait", "--timeout", "60", "--mode", "fast")
        return True

    def is_running(self) -> bool:
        """Whether a server has the data folder open, whoever started it."""
        if not (self.data / "postmaster.pid").exists():
            return False
        command = [self.binaries.program("pg_ctl"), "status", "--pgdata", str(self.data)]
        return self._call(command).returncode == 0

    def _locale(self) -> tuple[str, ...]:
        # Sorting that is the same on every machine, and upper and lower case beyond ASCII.
        if self.binaries.version >= 17:
            return ("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C")
        return ("--locale", "C.UTF-8")

    def _write_settings(self) -> None:
        settings = {
            "listen_addresses": self.address.host,
            "port": str(self.address.port),
            "unix_socket_directories": "",  # a socket's path may be too long; TCP is what we test
            "timezone": "UTC",
            **self.settings,
        }
        lines = (f"{name} = '{_quoted(value)}'\n" for name, value in settings.items())
        self.user.write_private(self.data / "mission.conf", "".join(lines))

    def _wait(self, process: OwnedProcess) -> None:
        """Wait for the server's own word in its lock file, as `pg_ctl` does."""
        deadline = time.monotonic() + START_SECONDS
        lock = self.data / "postmaster.pid"
        while time.monotonic() < deadline:
            if lock.exists() and lock.read_text().splitlines()[7:8] == ["ready   "]:
                return
            if process.exit_code is not None:
                break
            time.sleep(_POLL_SECONDS)
        raise TierError(f"Postgres at {self.address.where} did not start: {log_tail(self.log)}")

    def _prepare_database(self) -> None:
        arguments = self.address.connect_arguments() | {"dbname": "postgres"}
        try:
            with psycopg.connect(**arguments, autocommit=True) as connection:
                name = self.address.database
                query = "SELECT FROM pg_database WHERE datname = %s"
                if connection.execute(query, (name,)).fetchone() is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except psycopg.Error as error:
            refused = f"Postgres at {self.address.where} runs but does not let us in as "
            refused += f"{self.address.user}: "
            if "password authentication failed" not in str(error):
                raise TierError(
                    refused + str(error).partition("\n")[0], hint=f"Its log: {self.log}"
                ) from error
            raise TierError(
                refused + "its data folder was made with another password",
                hint=f"Set the password that it was made with, or remove {self.folder}",
            ) from error

    def _run(self, program: str, *arguments: str) -> None:
        command = [self.binaries.program(program), *arguments]
        if program == "pg_ctl":
            command += ["--pgdata", str(self.data)]
        done = self._call(command)
        if done.returncode != 0:
            said = " / ".join(done.stdout.splitlines()[-2:])
            raise TierError(f"{program} failed: {said} / {log_tail(self.log)}")

    def _call(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=self.folder,
            env=server_environment(),
            **self.user.process_arguments,
        )


def _quoted(value: str) -> str:
    """The inside of a quoted value in `postgresql.conf`."""
    return value.replace("\\", "\\\\").replace("'", "''")
