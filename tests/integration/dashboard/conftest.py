"""Dashboards that answer on real sockets, and who asks them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn

from dashboard.deciding import Decisions
from dashboard.door import Door
from dashboard.serve import opened
from mission.place import Place
from tests.services import free_port
from tests.shown_mission import held, make
from tiers.gateway.listening import Certificate, Listening


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """One that answers."""

    address: str  # as it is printed
    origin: str
    base: str  # below it are the pages
    door: Door
    server: uvicorn.Server
    decisions: Decisions | None

    def close(self) -> None:
        """End what is asked for, as the command does at its end."""
        assert self.decisions is not None
        self.decisions.close()

    def end(self) -> None:
        """As a signal ends it."""
        self.server.should_exit = True

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """A browser that has opened the printed address."""
        with httpx.Client(base_url=self.base, timeout=60) as client:
            assert client.get(self.address).status_code == 200
            yield client


Serve = Callable[..., Dashboard]


@contextmanager
def serving(
    *places: Place,
    decides: bool = False,
    host: str = "127.0.0.1",
    names: tuple[str, ...] = (),
    certificate: Certificate | None = None,
) -> Iterator[Dashboard]:
    listening = Listening(host=host, port=free_port(), names=names, certificate=certificate)
    decisions = Decisions(by="ann@example", redact=str) if decides else None
    with opened(places, listening, any_port=True, decisions=decisions) as ready:
        thread = threading.Thread(target=ready.run)
        thread.start()
        try:
            origin = ready.address.partition("/?")[0]
            yield Dashboard(
                address=ready.address,
                origin=origin,
                base=origin + ready.door.path,
                door=ready.door,
                server=ready.server,
                decisions=decisions,
            )
        finally:
            ready.server.should_exit = True
            thread.join()
            if decisions is not None:
                decisions.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves missions until the test ends."""
    with ExitStack() as stack:
        yield lambda *places, **ways: stack.enter_context(serving(*places, **ways))


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The mission with something of everything, and its run at work. Nobody changes it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MISSION_HOME", str(tmp_path_factory.mktemp("home")))
        place = make(tmp_path_factory.mktemp("shown") / "payments")
        with held(place):
            yield place


@pytest.fixture(scope="module")
def dashboard(shown: Place) -> Iterator[Dashboard]:
    with serving(shown) as found:
        yield found


@pytest.fixture(scope="module")
def client(dashboard: Dashboard) -> Iterator[httpx.Client]:
    with dashboard.client() as found:
        yield found


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A mission of its own for a test that changes it."""
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    return make(tmp_path / "payments")


def key_of(client: httpx.Client) -> str:
    """The key of the only mission."""
    (one,) = client.get("/missions.json").json()["missions"]
    return str(one["key"])
