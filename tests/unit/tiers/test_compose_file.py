"""`docker-compose.federated.yml`: valid, complete, loopback only, and no password in it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from tests.conftest import requires
from tiers.config import POSTGRES_PORTS, VALKEY_PORTS
from tiers.prefect_environment import prefect_environment
from tiers.services.compose import COMPOSE_FILE, SERVICES
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.settings.environment import VARIABLES
from tiers.settings.model import Tier

ROOT = COMPOSE_FILE.parent
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")


def interpolated(environment: Mapping[str, str]) -> str:
    """The file as compose reads it: `${NAME:-default}` filled in, `$$` a dollar sign."""

    def fill(match: re.Match[str]) -> str:
        return environment.get(match["name"]) or match["default"] or ""

    return _VARIABLE.sub(fill, COMPOSE_FILE.read_text()).replace("$$", "$")


def services(environment: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
    loaded = yaml.safe_load(interpolated(environment or {}))
    found: dict[str, dict[str, Any]] = loaded["services"]
    return found


def test_the_file_is_valid_compose() -> None:
    merged = yaml.safe_dump(yaml.safe_load(interpolated({})))  # `<<` applied, as compose does
    PyCompose.from_yaml(merged).validate()


def test_an_invalid_file_would_be_noticed() -> None:
    broken = interpolated({}).replace("healthcheck:", "healtcheck:")
    with pytest.raises(ValueError, match="healtcheck"):
        PyCompose.from_yaml(yaml.safe_dump(yaml.safe_load(broken)))


def test_the_federated_profile_has_the_two_services() -> None:
    federated = {name for name, s in services().items() if "federated" in s["profiles"]}
    assert federated == set(SERVICES)
    assert {name: services()[name]["image"] for name in federated} == SERVICES
    assert services()["postgres-federated"]["image"].startswith("pgvector/pgvector@")
    assert services()["valkey-federated"]["image"].startswith("valkey/valkey@")


def test_every_image_that_is_not_built_here_is_pinned() -> None:
    """A tag means something else tomorrow; a digest does not."""
    images = [s["image"] for s in services().values() if "build" not in s]
    for service in services().values():
        recipe = service.get("build", {}).get("dockerfile_inline", "")
        images += re.findall(r"^FROM (\S+)", recipe, re.MULTILINE)
    assert len(images) >= 3
    for image in images:
        assert re.fullmatch(r"[a-z0-9./-]+@sha256:[0-9a-f]{64}", image), image


def test_the_default_ports_are_those_of_the_configuration() -> None:
    ports = {name: services()[name]["ports"] for name in SERVICES}
    assert ports == {
        "postgres-federated": [f"127.0.0.1:{POSTGRES_PORTS[Tier.FEDERATED]}:5432"],
        "valkey-federated": [f"127.0.0.1:{VALKEY_PORTS[Tier.FEDERATED]}:6379"],
    }
    environment = services()["postgres-federated"]["environment"]
    assert environment["POSTGRES_DB"] == PostgresAddress().database
    assert environment["POSTGRES_USER"] == PostgresAddress().user
    assert ValkeyAddress().user is None


def test_every_port_is_on_loopback_unless_the_environment_says_else() -> None:
    published = [port for s in services().values() for port in s.get("ports", [])]
    assert len(published) == 3
    for port in published:
        host = port["host_ip"] if isinstance(port, dict) else port.partition(":")[0]
        assert host == "127.0.0.1"
    moved = services({"MISSION_BIND_ADDRESS": "0.0.0.0", "MISSION_DATABASE_PORT": "15433"})  # noqa: S104
    assert moved["postgres-federated"]["ports"] == ["0.0.0.0:15433:5432"]


def test_every_long_running_service_is_watched_and_keeps_its_data() -> None:
    for name in SERVICES:
        service = services()[name]
        assert service["healthcheck"]["test"][0] == "CMD-SHELL"
        volume = service["volumes"][0].partition(":")[0]
        assert volume in yaml.safe_load(interpolated({}))["volumes"]


def test_there_is_no_password_but_the_environments() -> None:
    loaded = yaml.safe_load(interpolated({}))
    assert loaded["secrets"] == {
        "database-password": {"environment": "MISSION_DATABASE_PASSWORD"},
        "valkey-password": {"environment": "MISSION_VALKEY_PASSWORD"},
        "prefect-auth": {"environment": "MISSION_PREFECT_AUTH"},
    }
    filled = interpolated(
        {secret["environment"]: "geheim" for secret in loaded["secrets"].values()}
    )
    assert "geheim" not in filled, "a password in the file is shown by `docker inspect`"
    assert services()["valkey-federated"]["command"][0].startswith("test -s ")


def test_the_variables_are_those_of_the_configuration() -> None:
    used = {match["name"] for match in _VARIABLE.finditer(COMPOSE_FILE.read_text())}
    database_and_valkey = {name for name in used if "DATABASE" in name or "VALKEY" in name}
    assert database_and_valkey <= VARIABLES.keys()


def test_the_mounted_scripts_exist() -> None:
    mounts = services()["postgres-federated"]["volumes"][1:]
    assert mounts
    for mount in mounts:
        source, _, target = mount.partition(":")
        assert (ROOT / source).is_file()
        assert target.startswith("/docker-entrypoint-initdb.d/")


def test_scale_runs_two_servers_the_services_and_a_worker() -> None:
    scale = {name: s for name, s in services().items() if "scale" in s["profiles"]}
    assert scale.keys() == {
        *SERVICES,
        "prefect-migrate",
        "prefect-api",
        "prefect-services",
        "prefect-worker",
    }
    assert scale["prefect-api"]["deploy"]["replicas"] == 2
    assert "--no-services" in scale["prefect-api"]["command"]
    assert scale["prefect-services"]["command"][1:] == ["server", "services", "start"]
    waits = scale["prefect-api"]["depends_on"]
    assert waits["prefect-migrate"] == {"condition": "service_completed_successfully"}


def test_prefect_gets_its_passwords_from_the_secrets(tmp_path: Path) -> None:
    (tmp_path / "database-password").write_text("p@ss:/w")
    (tmp_path / "valkey-password").write_text("v@l:/k#y")
    (tmp_path / "prefect-auth").write_text("user:p@ss")
    made = prefect_environment({"MISSION_DATABASE_USER": "gateway", "PATH": "x"}, tmp_path)
    assert made["PREFECT_SERVER_DATABASE_USER"] == "gateway"
    assert made["PREFECT_SERVER_DATABASE_PASSWORD"] == "p@ss:/w"
    assert made["PREFECT_REDIS_MESSAGING_PASSWORD"] == "v@l:/k#y"
    assert made["PREFECT_SERVER_DOCKET_URL"] == "redis://:v%40l%3A%2Fk%23y@valkey-federated:6379/1"
    assert made["PATH"] == "x"


def test_a_worker_gets_what_it_logs_in_with_and_no_password(tmp_path: Path) -> None:
    (tmp_path / "prefect-auth").write_text("user:p@ss\n")
    assert prefect_environment({"PATH": "x"}, tmp_path) == {
        "PATH": "x",
        "PREFECT_SERVER_API_AUTH_STRING": "user:p@ss",
        "PREFECT_API_AUTH_STRING": "user:p@ss",
    }


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_nothing_of_prefect_starts_where_it_would_ask_for_nothing(
    content: str | None, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "prefect-auth").write_text(content)
    with pytest.raises(SystemExit, match="MISSION_PREFECT_AUTH"):
        prefect_environment({}, tmp_path)


def test_everything_of_prefect_asks_and_no_page_of_another_origin_is_answered() -> None:
    of_prefect = [s for name, s in services().items() if name.startswith("prefect-")]
    assert len(of_prefect) == 4
    for service in of_prefect:
        assert "prefect-auth" in service["secrets"]
        assert service.get("entrypoint") is None  # the image's: tiers.prefect_environment
    environment = services()["prefect-api"]["environment"]
    assert environment["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] == ""


@requires("docker", container_engine=True)
def test_the_engine_reads_it_too() -> None:
    command = ["docker", "compose", "-f", str(COMPOSE_FILE), "--profile", "federated", "config"]
    subprocess.run(command, check=True, capture_output=True)
