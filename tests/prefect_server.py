"""A local Prefect server for the tests that need one: started once a process, when the first asks.

Those that start one of their own put `prefect_database` into its folder first.

Tests that run `mission` as a process give it `MISSION_HOME=str(prefect_server.folder.parent)`; it
then finds this server. Others, as a team's server would be reached, get `login` into their
environment. Tests that run flows in this process ask for `prefect_api`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from flows.server import LocalServer
from flows.settings import AUTH_STRING
from mission.private import private_folder


@pytest.fixture(scope="session")
def prefect_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a server that was never asked for anything. Its migrations take longer than
    the rest of a server's start: they run once, whatever number of processes test."""
    top = tmp_path_factory.getbasetemp()
    shared = top.parent if "PYTEST_XDIST_WORKER" in os.environ else top
    database = shared / "prefect-database"
    with FileLock(shared / "prefect-database.lock"):
        if not database.exists():
            server = LocalServer(shared / "prefect")
            server.ensure()
            server.stop()
            part = database.with_suffix(".part")
            copy_database(server.folder / "prefect.db", part)
            part.replace(database)
    return database


def copy_database(source: Path, target: Path) -> None:
    """Of a server that may be at work: what the files hold, copied one by one, need not fit."""
    with closing(sqlite3.connect(source)) as theirs, closing(sqlite3.connect(target)) as ours:
        theirs.backup(ours)


def new_server(folder: Path, database: Path) -> LocalServer:
    """A server that does not run yet, in a folder that is not there, and needs no migrations."""
    private_folder(folder)
    shutil.copyfile(database, folder / "prefect.db")
    return LocalServer(folder)


@pytest.fixture(scope="session")
def prefect_server(
    tmp_path_factory: pytest.TempPathFactory, prefect_database: Path
) -> Iterator[LocalServer]:
    """A running server of this test session."""
    server = new_server(tmp_path_factory.mktemp("mission-home") / "prefect", prefect_database)
    server.ensure()
    try:
        yield server
    finally:
        server.stop()


def login(server: LocalServer) -> dict[str, str]:
    """What a person sets to use this server as any other."""
    return {"PREFECT_API_URL": server.ensure().api, AUTH_STRING: server.access().secret}


@pytest.fixture
def prefect_api(prefect_server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of that server's API, which this process talks to during the test.

    The runner's home is the session's too, so that runs in this process and in others share it.
    """
    # Imported late: it takes seconds, and most test runs need it nowhere.
    from prefect.settings import temporary_settings  # noqa: PLC0415

    monkeypatch.setenv("MISSION_HOME", str(prefect_server.folder.parent))
    api = prefect_server.ensure().api
    settings = {
        "api.url": api,
        "api.auth_string": prefect_server.access().secret,
        "home": prefect_server.folder,
        "logging.level": "CRITICAL",
        "logging.to_api.enabled": False,
        "server.ephemeral.enabled": False,
    }
    with temporary_settings(settings):
        yield api
