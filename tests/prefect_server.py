"""A local Prefect server for the tests that need one: started once, when the first of them asks.

Tests that run `mission` as a process give it `MISSION_HOME=str(prefect_server.folder.parent)`; it
then finds this server. Others, as a team's server would be reached, get `login` into their
environment. Tests that run flows in this process ask for `prefect_api`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flows.server import LocalServer
from flows.settings import AUTH_STRING


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A running server of this test session."""
    server = LocalServer(tmp_path_factory.mktemp("mission-home") / "prefect")
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
