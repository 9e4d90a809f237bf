"""The embedded Postgres of the local tier: opened when it is needed, gone after that."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from errors import TierError
from tiers.config import TierConfig, load_tier_config
from tiers.detect import detect
from tiers.doctor import tier_checks
from tiers.probes.probe import Cause, Service
from tiers.servers.local import local_server, open_local
from tiers.services.embedded import EmbeddedServices
from tiers.settings.folders import tiers_home


@pytest.fixture
def config(services_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TierConfig:
    folder = services_folder / f"local-{tmp_path.name}"
    monkeypatch.setenv("MISSION_HOME", str(services_folder / f"home-{tmp_path.name}"))
    return load_tier_config(folder=tmp_path, environment={"MISSION_DATABASE_FOLDER": str(folder)})


def test_it_is_there_while_it_is_open_and_keeps_its_data(config: TierConfig) -> None:
    (result,) = detect(config).results
    assert (result.service, result.failure, result.detail) == (
        Service.FOLDER,
        None,
        "made at its first use",
    )
    assert not tiers_home().exists(), "looking makes nothing"
    (told,) = (check.detail for check in tier_checks(config) if check.name == "storage folder")
    assert told.startswith("Postgres 1"), "and not the number alone"
    with open_local(config) as address:
        with psycopg.connect(**address.connect_arguments()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'a' AS value")
        with open_local(config) as same:
            assert same == address, "a second user gets the running one"
        assert detect(config).results[0].service is Service.POSTGRES
    assert not local_server(config).is_running()
    assert detect(config).results[0].detail == "started when it is needed"
    with (
        open_local(config) as address,
        psycopg.connect(**address.connect_arguments()) as connection,
    ):
        assert connection.execute("SELECT value FROM kept").fetchone() == ("a",)


def test_a_daemon_is_used_and_left_running(config: TierConfig) -> None:
    services = EmbeddedServices()
    services.up(config, lambda _line: None)
    try:
        with open_local(config) as address:
            psycopg.connect(**address.connect_arguments()).close()
        assert local_server(config).is_running()
    finally:
        services.down(config, lambda _line: None, remove_data=True)
    assert not local_server(config).is_running()


def test_data_of_another_postgres_is_refused(config: TierConfig) -> None:
    data = local_server(config).data
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")
    failure = detect(config).failures[0]
    assert failure.cause is Cause.FOLDER
    assert "was made by Postgres 9" in failure.message
    assert failure.remedy
    with pytest.raises(TierError, match="was made by Postgres 9"), open_local(config):
        pass
