"""The commands and settings of the compose profile `scale`, run for real without containers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
import pytest
import redis

from tests.services import PASSWORD, PostgresMaker, ValkeyMaker, free_port
from tests.unit.tiers.test_compose_file import services
from tiers.prefect_environment import prefect_environment
from tiers.servers.owned_process import OwnedProcess, log_tail, server_environment
from tiers.servers.postgres import PostgresServer
from tiers.servers.valkey import ValkeyServer
from tiers.services.compose import COMPOSE_FILE
from tiers.settings.address import PostgresAddress, ValkeyAddress
from tiers.settings.server_user import ServerUser

pytestmark = pytest.mark.slow
LOGIN = ("mission", "what-the-servers-ask-for")
FOREIGN = {"Origin": "http://attacker.example"}
SCRIPTS = COMPOSE_FILE.parent / "tiers" / "compose_files"


def run_script(server: PostgresServer, script: str, database: str) -> None:
    """Run an init script as the image's entry point does."""
    arguments = replace(server.address, database=database).connect_arguments()
    subprocess.run(
        [
            *(server.binaries.program("psql"), "-v", "ON_ERROR_STOP=1", "-X", "-q"),
            *("-h", arguments["host"], "-p", str(arguments["port"]), "-U", arguments["user"]),
            *("-d", database, "-f", str(SCRIPTS / script)),
        ],
        env={**server_environment(), "PGPASSWORD": arguments["password"]},
        check=True,
        capture_output=True,
    )


def extensions(address: PostgresAddress) -> set[str]:
    with psycopg.connect(**address.connect_arguments()) as connection:
        rows = connection.execute("SELECT extname FROM pg_extension").fetchall()
    return {name for (name,) in rows}


def test_the_first_init_script(vector_database: PostgresAddress) -> None:
    with psycopg.connect(**vector_database.connect_arguments()) as connection:
        for _ in range(2):
            connection.execute((SCRIPTS / "10-pgvector.sql").read_bytes())
    assert "vector" in extensions(vector_database)


@pytest.fixture
def postgres(make_postgres: PostgresMaker) -> PostgresServer:
    """With the database that the second init script makes. Prefect needs contrib: pg_trgm."""
    server = make_postgres(vector=False)
    for _ in range(2):
        run_script(server, "20-prefect.sql", server.address.database)
    assert "pg_trgm" in extensions(replace(server.address, database="prefect"))
    return server


@pytest.fixture
def valkey(make_valkey: ValkeyMaker) -> ValkeyServer:
    return make_valkey()


@pytest.fixture
def environment(postgres: PostgresServer, valkey: ValkeyServer, tmp_path: Path) -> dict[str, str]:
    """What the containers get, with our ports in the place of the containers' names."""
    for name in ("database-password", "valkey-password"):
        (tmp_path / name).write_text(PASSWORD.get_secret_value())
    (tmp_path / "prefect-auth").write_text(":".join(LOGIN))
    given = {name: str(v) for name, v in services()["prefect-api"]["environment"].items()}
    made = prefect_environment({**server_environment(), **given}, tmp_path)
    docket = made["PREFECT_SERVER_DOCKET_URL"]
    return made | {
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_SERVER_DATABASE_HOST": postgres.address.host,
        "PREFECT_SERVER_DATABASE_PORT": str(postgres.address.port),
        "PREFECT_REDIS_MESSAGING_HOST": valkey.address.host,
        "PREFECT_REDIS_MESSAGING_PORT": str(valkey.address.port),
        "PREFECT_SERVER_DOCKET_URL": docket.replace("valkey-federated:6379", valkey.address.where),
    }


def command(service: str, port: int = 0) -> list[str]:
    """The command of a service in the compose file, with another port."""
    _, *arguments = services()[service]["command"]
    loopback = {"0.0.0.0": "127.0.0.1", "4200": str(port)}  # noqa: S104 - what it replaces
    return [sys.executable, "-m", "prefect", *(loopback.get(a, a) for a in arguments)]


@pytest.fixture
def apis(environment: dict[str, str], tmp_path: Path) -> Iterator[list[str]]:
    """Two API servers and the services beside them, after the migration."""
    subprocess.run(command("prefect-migrate"), env=environment, check=True, capture_output=True)
    ports = [free_port(), free_port()]
    with ExitStack() as stack:
        logs = []
        for number, argv in enumerate(
            [*(command("prefect-api", port) for port in ports), command("prefect-services")]
        ):
            logs.append(tmp_path / f"{number}.log")
            process = OwnedProcess(
                argv,
                user=ServerUser(name="ourselves"),
                log=logs[-1],
                environment=environment,
                grace=10,
            )
            stack.callback(process.stop)
        addresses = [f"http://127.0.0.1:{port}/api" for port in ports]
        deadline = time.monotonic() + 300
        for address, log in zip(addresses, logs, strict=False):
            while not is_healthy(address):
                assert time.monotonic() < deadline, log_tail(log, 30)[-1500:]
                time.sleep(0.2)
        yield addresses


def is_healthy(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def test_two_api_servers_share_one_state(apis: list[str], valkey: ValkeyServer) -> None:
    one, two = apis
    flow = {"name": "from-one"}
    assert httpx.post(f"{one}/flows/", json=flow, timeout=30).status_code == 401
    made = httpx.post(f"{one}/flows/", json=flow, timeout=30, auth=LOGIN).json()
    read = httpx.get(f"{two}/flows/{made['id']}", timeout=30, auth=LOGIN, headers=FOREIGN)
    assert read.json()["name"] == "from-one"
    assert "access-control-allow-origin" not in read.headers
    address: ValkeyAddress = valkey.address
    with redis.Redis(**address.connect_arguments()) as client:
        deadline = time.monotonic() + 300
        while not any(client.scan_iter(_type="STREAM")):  # events travel through Valkey
            assert time.monotonic() < deadline, "nothing of Prefect's is in Valkey"
            time.sleep(0.2)
