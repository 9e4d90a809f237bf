"""Compose is asked for exactly what was configured. The engine here is a script that answers."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from errors import StoppedError, TierError, UsageError
from tiers.config import TierConfig
from tiers.services.compose import SERVICES, ComposeServices, Engine, find_engine
from tiers.services.embedded import EmbeddedServices
from tiers.services.ways import Way, choose_services
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.settings.model import QueueType, StorageType, Tier
from workspace.process import Stop

# Notes how it was called, in `calls`, and answers what compose would.
_DOCKER = """#!/bin/sh
echo "$*" >> {calls}
env | grep MISSION_ > {calls}.environment
case "$*" in
    info) exit {info} ;;
    "image inspect "*) exit {image} ;;
    "pull "*) echo "dial tcp: lookup registry: no such host" >&2; exit {pull} ;;
    *" up "*)
        [ -z "{hangs}" ] || exec sleep 300
        [ -z "{leaves}" ] || (sleep 300 >/dev/null 2>&1 & echo $! > {calls}.left) ;;
esac
case "$*" in
    *" up "*) exit {up} ;;
    *" ps "*) cat {answer} ;;
esac
"""
CONFIG = TierConfig(
    tier=Tier.FEDERATED,
    storage=StorageType.POSTGRES,
    folder=None,
    postgres=PostgresAddress(port=15433, database="gateway", password=SecretStr("p@ss $HOME")),
    queue=QueueType.VALKEY,
    valkey=ValkeyAddress(port=16380, password=SecretStr("v")),
)


class FakeEngine:
    """A `docker` on PATH."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.calls_file = folder / "calls"
        self.answer = folder / "answer"
        self.answer.write_text("")

    def write(
        self,
        *,
        info: int = 0,
        up: int = 0,
        image: int = 0,
        pull: int = 0,
        hangs: str = "",
        leaves: str = "",
    ) -> None:
        docker = self._folder / "docker"
        docker.write_text(
            _DOCKER.format(
                calls=self.calls_file,
                answer=self.answer,
                info=info,
                up=up,
                image=image,
                pull=pull,
                hangs=hangs,
                leaves=leaves,
            )
        )
        docker.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        return self.calls_file.read_text().splitlines()


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine(tmp_path)
    fake.write()
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    return fake


def test_compose_is_taken_where_an_engine_answers(engine: FakeEngine) -> None:
    services = choose_services(CONFIG)
    assert isinstance(services, ComposeServices)
    assert "docker compose with docker-compose.federated.yml" in services.description


def test_the_stand_ins_are_taken_where_none_answers(engine: FakeEngine) -> None:
    engine.write(info=1)
    assert find_engine() is None
    assert isinstance(choose_services(CONFIG), EmbeddedServices)
    with pytest.raises(TierError, match="No container engine"):
        choose_services(CONFIG, Way.COMPOSE)


def test_the_stand_ins_can_be_asked_for(engine: FakeEngine) -> None:
    assert isinstance(choose_services(CONFIG, Way.EMBEDDED), EmbeddedServices)


def test_without_a_network_the_stand_ins_are_taken_and_say_why(engine: FakeEngine) -> None:
    engine.write(image=1, pull=1)
    said: list[str] = []
    services = choose_services(CONFIG, starting=said.append)
    assert isinstance(services, EmbeddedServices)
    assert services.description.endswith(
        "(docker cannot pull pgvector/pgvector: dial tcp: lookup registry: no such host)"
    )
    assert said == ["pulls pgvector/pgvector"]
    assert isinstance(choose_services(CONFIG, Way.COMPOSE), ComposeServices), "as was asked for"


def test_images_that_are_not_there_are_pulled(engine: FakeEngine) -> None:
    engine.write(image=1)
    said: list[str] = []
    assert isinstance(choose_services(CONFIG, starting=said.append), ComposeServices)
    assert said == [f"pulls {image.partition('@')[0]}" for image in SERVICES.values()]


def test_looking_pulls_nothing(engine: FakeEngine) -> None:
    engine.write(image=1)
    assert isinstance(choose_services(CONFIG), EmbeddedServices)
    assert not [call for call in engine.calls if call.startswith("pull")]


def test_a_stop_ends_compose_while_it_works(engine: FakeEngine) -> None:
    engine.write(hangs="yes")
    stop = Stop()
    services = choose_services(CONFIG, stop=stop)

    def press() -> None:
        while not any(" up " in call for call in engine.calls):
            time.sleep(0.01)
        stop.request("Ctrl-C was pressed")

    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(StoppedError, match="Ctrl-C was pressed"):
        services.up(CONFIG, print)
    pressing.join()


def test_what_watches_the_containers_stays(engine: FakeEngine) -> None:
    """Podman has no daemon: each container has a process that the command leaves behind."""
    engine.write(leaves="yes")
    choose_services(CONFIG).up(CONFIG, print)
    left = int(Path(f"{engine.calls_file}.left").read_text())
    os.kill(left, signal.SIGKILL)  # fails if there is none any more


def test_services_of_another_machine_are_refused(engine: FakeEngine) -> None:
    far = replace(CONFIG, postgres=PostgresAddress(host="db.example", port=5433))
    with pytest.raises(UsageError, match=r"db\.example:5433 is not on this machine"):
        choose_services(far)


def test_up_starts_the_profile_with_the_configured_values(engine: FakeEngine) -> None:
    engine.answer.write_text(
        json.dumps({"Service": "postgres-federated", "Health": "healthy", "Image": "pg"})
        + "\n"
        + json.dumps({"Service": "valkey-federated", "Health": "healthy", "Image": "vk"})
    )
    said: list[str] = []
    choose_services(CONFIG).up(CONFIG, said.append)
    (call,) = [call for call in engine.calls if " up " in call]
    assert call.endswith(
        "docker-compose.federated.yml --profile federated"
        " up --detach --wait postgres-federated valkey-federated"
    )
    environment = Path(f"{engine.calls_file}.environment").read_text().splitlines()
    assert "MISSION_DATABASE_PORT=15433" in environment
    assert "MISSION_DATABASE_PASSWORD=p@ss $HOME" in environment
    assert "MISSION_VALKEY_PORT=16380" in environment
    assert not any("p@ss" in call for call in engine.calls), "a password in an argument list"
    assert said == [
        "postgres-federated answers at 127.0.0.1:15433: pg, healthy",
        "valkey-federated answers at 127.0.0.1:16380: vk, healthy",
    ]


@pytest.mark.parametrize("as_array", [True, False])
def test_status_reads_both_forms_of_the_answer(engine: FakeEngine, as_array: bool) -> None:
    entry = {"Service": "postgres-federated", "State": "exited", "Health": "", "Image": "pg"}
    engine.answer.write_text(json.dumps([entry] if as_array else entry))
    postgres, valkey = ComposeServices(Engine(name="docker", compose=("docker",))).status(CONFIG)
    assert (postgres.running, postgres.detail) == (False, "pg, exited")
    assert (valkey.running, valkey.detail) == (False, "no container")


def test_a_failure_is_one_error(engine: FakeEngine) -> None:
    engine.write(up=1)
    with pytest.raises(TierError, match="`docker compose up` failed"):
        choose_services(CONFIG).up(CONFIG, print)


@pytest.mark.parametrize(("remove", "options"), [(False, " down"), (True, " down --volumes")])
def test_down_keeps_the_data_unless_told(engine: FakeEngine, remove: bool, options: str) -> None:
    said: list[str] = []
    choose_services(CONFIG).down(CONFIG, said.append, remove_data=remove)
    assert engine.calls[-1].endswith(options)
    assert len(said) == 2


def test_an_installed_runner_says_that_it_has_no_compose_file(tmp_path: Path) -> None:
    services = ComposeServices(Engine(name="docker", compose=("docker",)), tmp_path / "none.yml")
    with pytest.raises(TierError, match=r"there is no .*none\.yml.*--with embedded"):
        services.down(CONFIG, lambda _line: None)
