"""The operation that boots the gateway for real, and sees that without Postgres it does not."""

from __future__ import annotations

import time

import psycopg

from errors import TierError
from mission.amounts import counted
from orchestrator.operations.evidence import OperationEnd
from orchestrator.operations.operation import Means
from orchestrator.operations.own_processes import OwnCommands, own_environment
from orchestrator.operations.tier_operation import TierOperation
from orchestrator.ports.assignment import Assignment
from tiers.config import TierConfig
from tiers.detect import detect
from tiers.servers.owned_process import free_port
from tiers.services.service import with_passwords
from tiers.settings.address import PostgresAddress

_QUERY = """
SELECT '[1,2]'::vector <-> '[1,3]'::vector, extversion FROM pg_extension WHERE extname = 'vector'
"""


def boot_check(means: Means, assignment: Assignment) -> OperationEnd:
    """The gateway boots and answers; refuses without Postgres; the extension answers a query.

    Raises:
        TierError: The tier cannot be used, or the gateway does not boot on it.
    """
    row = TierOperation(means, assignment)
    config = with_passwords(row.config())
    detect(config).require()
    postgres = config.postgres
    if postgres is None:
        return row.failed(f"the {config.tier} tier has no Postgres of its own that could be away")
    options = _options(config)
    booted = _boots(row, config, options)
    refused = _refuses(row, postgres, options)
    if refused:
        return row.failed(refused)
    answered = _vector_answers(row, postgres) if config.vector else ""
    return row.done(f"gateway {booted}; refuses without Postgres{answered}")


def _options(config: TierConfig) -> tuple[str, ...]:
    """By words: what embeds is not what is checked here, and a model takes seconds to load."""
    named = () if config.file is None else ("--config", str(config.file))
    return (*named, "--embedder", "none")


def _commands(row: TierOperation, **extra: str) -> OwnCommands:
    environment = own_environment()
    if extra:  # another database: nothing that says where ours is, or how to get in
        kept = environment.items()
        environment = {k: v for k, v in kept if not k.startswith("MISSION_DATABASE_")} | extra
    return OwnCommands(folder=row.means.place.folder, environment=environment, stop=row.means.stop)


def _boots(row: TierOperation, config: TierConfig, options: tuple[str, ...]) -> str:
    row.doing("boots the gateway")
    with _commands(row).gateway(*options) as (client, seconds):
        row.proof.add("gateway", f"boots on the {config.tier} tier", seconds=seconds)
        began = time.monotonic()
        ready = client.get("/readyz").raise_for_status().json()
        row.proof.add("/readyz", f"ready: {ready['ready']}", since=began)
        began = time.monotonic()
        missions = client.get("/api/v1/missions").raise_for_status()
        count = len(missions.json()["missions"])
        row.proof.add(
            "/api/v1/missions",
            f"{counted(count, 'mission')}, ETag {missions.headers['ETag']}",
            since=began,
        )
        described = client.get("/openapi.json").raise_for_status().json()
        writing = {
            f"{method} {path}"
            for path, methods in described["paths"].items()
            for method in methods
            if method not in ("get", "head")
        }
        row.proof.add(
            "/openapi.json",
            f"{len(described['paths'])} routes, {len(writing)} of them write",
            version=described["info"]["version"],
        )
    return f"answered after {seconds:.1f} s, {counted(count, 'mission')}"


def _refuses(row: TierOperation, postgres: PostgresAddress, options: tuple[str, ...]) -> str:
    """Boot it where no Postgres is; what is wrong about how that ends, empty if nothing is."""
    row.doing("boots the gateway without Postgres")
    away = PostgresAddress(port=free_port())
    end = _commands(row, MISSION_DATABASE_URL=away.label).run("gateway", "serve", *options)
    said = " ".join(end.tail.split())
    row.proof.add(
        "gateway without Postgres", f"exit code {end.exit_code}: {said}", seconds=end.seconds
    )
    secret = postgres.password.get_secret_value() if postgres.password else ""
    if end.exit_code != TierError.exit_code:
        return f"the gateway ended with {end.exit_code}, not {TierError.exit_code}: {said}"
    if f"Postgres at {away.where}" not in said:
        return f"the gateway does not name the Postgres that is away: {said}"
    if secret and secret in end.tail:
        return "the gateway's error holds the password"
    return ""


def _vector_answers(row: TierOperation, postgres: PostgresAddress) -> str:
    began = time.monotonic()
    try:
        with psycopg.connect(**postgres.connect_arguments()) as connection:
            answer = connection.execute(_QUERY).fetchone()
    except psycopg.Error as error:
        raise TierError(
            f"pgvector does not answer at {postgres.where}: {type(error).__name__}",
            hint="`mission tier doctor` examines it",
        ) from None
    if answer is None:
        raise TierError(
            f"pgvector is not in {postgres.label}", hint="Run `pgvector-init` before this row"
        )
    distance, version = answer
    row.proof.add("extension query", f"answers {distance}", version=version, since=began)
    return f"; vector {version} answers {distance}"
