"""`mission tier up|status|down` with embedded services: real servers, as a person runs it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from cli.main import main
from tests.services import PASSWORD, free_port
from tiers.config import load_tier_config
from tiers.services.compose import ComposeServices
from tiers.services.embedded import EmbeddedServices
from tiers.services.ways import choose_services
from tiers.settings.folders import tiers_home


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Mission = Callable[..., Ended]


@pytest.fixture
def mission(
    services_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Mission]:
    """Runs `mission tier ...` in `tmp_path`, with ports and a home of the test's own."""
    monkeypatch.setenv("MISSION_HOME", str(services_folder / f"home-{tmp_path.name}"))
    monkeypatch.setenv("MISSION_DATABASE_PORT", str(free_port()))
    monkeypatch.setenv("MISSION_VALKEY_PORT", str(free_port()))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main(["tier", *arguments, "--with", "embedded"])
        said = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(returncode=ended.value.code, stdout=said.out, stderr=said.err)

    yield run
    EmbeddedServices().down(load_tier_config(), print, remove_data=True)


def test_federated_services_come_up_stay_and_end(mission: Mission, tmp_path: Path) -> None:
    (tmp_path / "mission.config.json").write_text('{"tier": "federated"}')
    assert mission("status").returncode == 1
    assert mission("down").returncode == 0
    assert not [*tiers_home().glob("*-password")], "nothing is made up by looking"
    up = mission("up")
    assert up.returncode == 0, up.stderr
    assert "embedded: servers from pip and system packages" in up.stderr.splitlines()[0]
    assert "pgvector 0." in up.stderr
    config = load_tier_config()
    assert config.postgres is not None
    assert config.postgres.password is not None, "the generated password is found again"
    assert config.postgres.password.get_secret_value() not in up.stdout + up.stderr
    with psycopg.connect(**config.postgres.connect_arguments()) as connection:
        connection.execute("CREATE TABLE kept (v vector(2))")
    assert mission("up").returncode == 0, "it may be said twice"
    status = json.loads(mission("status", "--json").stdout)
    assert json.loads(mission("up", "--json").stdout) == status
    assert [(s["name"], s["running"]) for s in status["services"]] == [
        ("postgres-federated", True),
        ("valkey-federated", True),
    ]
    ended = json.loads(mission("down", "--json").stdout)
    assert [s["running"] for s in ended["services"]] == [False, False]
    assert mission("status").returncode == 1
    assert mission("up").returncode == 0
    with psycopg.connect(**config.postgres.connect_arguments()) as connection:
        connection.execute("SELECT v FROM kept")


def test_configured_passwords_are_used(
    mission: Mission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mission.config.yaml").write_text("tier: standalone")
    monkeypatch.setenv("MISSION_DATABASE_PASSWORD", PASSWORD.get_secret_value())
    monkeypatch.setenv("MISSION_VALKEY_PASSWORD", PASSWORD.get_secret_value())
    up = mission("up")
    assert up.returncode == 0, up.stderr
    config = load_tier_config()
    assert config.postgres is not None
    assert config.postgres.password == PASSWORD
    psycopg.connect(**config.postgres.connect_arguments()).close()
    monkeypatch.setenv("MISSION_DATABASE_PASSWORD", "a-changed-one")
    again = mission("up")
    assert again.returncode == 1
    assert "made with another password" in again.stderr


def test_the_local_tier_is_a_folder(mission: Mission, tmp_path: Path) -> None:
    assert mission("up").returncode == 0
    status = json.loads(mission("status", "--json").stdout)
    assert status["tier"] == "local"
    assert [s["running"] for s in status["services"]] == [True]


def test_stand_ins_that_run_are_kept_where_an_engine_answers(
    mission: Mission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun without one, or without a network to pull from, goes on when it is there."""
    (tmp_path / "mission.config.json").write_text('{"tier": "federated"}')
    docker = tmp_path / "docker"  # answers, has compose and every image
    docker.write_text("#!/bin/sh\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert isinstance(choose_services(load_tier_config()), ComposeServices)
    assert mission("up").returncode == 0
    services = choose_services(load_tier_config())
    assert services.description.endswith("no containers (they run already)")
