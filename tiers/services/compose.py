"""The services of the federated tier in containers, through compose."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mission.errors import TierError
from tiers.config import TierConfig
from tiers.services.service import Say, ServiceState, with_passwords

COMPOSE_FILE = Path(__file__).parents[2] / "docker-compose.federated.yml"
SERVICES = ("postgres-federated", "valkey-federated")
START_SECONDS = 180  # images that must be pulled first included
_ASK_SECONDS = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """A container engine that answers, and its compose."""

    name: str  # docker, podman
    compose: tuple[str, ...]  # the command that compose's own arguments are added to


# engine's command -> commands that may be its compose
_CANDIDATES = {
    "docker": (("docker", "compose"), ("docker-compose",)),
    "podman": (("podman", "compose"), ("podman-compose",)),
}


def find_engine() -> Engine | None:
    """The first container engine that answers and has compose."""
    for name, composes in _CANDIDATES.items():
        if shutil.which(name) is None or not _answers(name, "info"):
            continue
        for compose in composes:
            if shutil.which(compose[0]) is not None and _answers(*compose, "version"):
                return Engine(name=name, compose=compose)
    return None


class ComposeServices:
    """The containers of `docker-compose.federated.yml`, profile `federated`."""

    def __init__(self, engine: Engine, file: Path = COMPOSE_FILE) -> None:
        self._engine = engine
        self._file = file

    @property
    def description(self) -> str:
        return f"containers: {' '.join(self._engine.compose)} with {self._file.name}"

    def up(self, config: TierConfig, say: Say) -> None:
        config = with_passwords(config, make=True)
        self._run(config, "up", "--detach", "--wait", *SERVICES, seconds=START_SECONDS)
        for state in self.status(config):
            say(f"{state.name} answers at {state.where}: {state.detail}")

    def down(self, config: TierConfig, say: Say, *, remove_data: bool = False) -> None:
        options = ["--volumes"] if remove_data else []
        self._run(with_passwords(config), "down", *options, seconds=START_SECONDS)
        for name in SERVICES:
            say(f"{name} ended" + (", its volume is removed" if remove_data else ""))

    def status(self, config: TierConfig) -> tuple[ServiceState, ...]:
        answer = self._run(with_passwords(config), "ps", "--all", "--format", "json")
        found = {str(entry.get("Service")): entry for entry in _entries(answer)}
        places = (config.postgres, config.valkey)
        return tuple(
            _state(name, address.where if address else "", found.get(name))
            for name, address in zip(SERVICES, places, strict=True)
        )

    def _run(self, config: TierConfig, *arguments: str, seconds: int = 60) -> str:
        if not self._file.is_file():  # an installed runner: the wheel does not hold it
            raise TierError(
                f"there is no {self._file}",
                hint="Start containers from a checkout, or use --with embedded",
            )
        command = [*self._engine.compose, "--file", str(self._file), "--profile", "federated"]
        try:
            done = subprocess.run(
                [*command, *arguments],
                env=compose_environment(config, os.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired:
            raise TierError(
                f"`{' '.join(self._engine.compose)} {arguments[0]}` took over {seconds} s",
                hint=f"Look at the containers: {self._engine.name} ps",
            ) from None
        if done.returncode != 0:
            said = " / ".join(done.stderr.strip().splitlines()[-4:])
            raise TierError(f"`{' '.join(self._engine.compose)} {arguments[0]}` failed: {said}")
        return done.stdout


def compose_environment(config: TierConfig, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment in which the compose file means exactly what was configured."""
    values = dict(environment)
    if config.postgres is not None:
        values |= {
            "MISSION_DATABASE_PORT": str(config.postgres.port),
            "MISSION_DATABASE_NAME": config.postgres.database,
            "MISSION_DATABASE_USER": config.postgres.user,
        }
        if config.postgres.password is not None:
            values["MISSION_DATABASE_PASSWORD"] = config.postgres.password.get_secret_value()
    if config.valkey is not None:
        values["MISSION_VALKEY_PORT"] = str(config.valkey.port)
        if config.valkey.password is not None:
            values["MISSION_VALKEY_PASSWORD"] = config.valkey.password.get_secret_value()
    return values


def _answers(*command: str) -> bool:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_ASK_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _entries(answer: str) -> list[dict[str, object]]:
    """The containers: one JSON array, or, from newer versions, one object a line."""
    text = answer.strip()
    if text.startswith("["):
        listed: list[dict[str, object]] = json.loads(text)
        return listed
    return [json.loads(line) for line in text.splitlines()]


def _state(name: str, where: str, entry: dict[str, object] | None) -> ServiceState:
    if entry is None:
        return ServiceState(name=name, where=where, running=False, detail="no container")
    health = str(entry.get("Health") or entry.get("State"))
    return ServiceState(
        name=name,
        where=where,
        running=health in ("healthy", "running"),
        detail=f"{entry.get('Image')}, {health}",
    )
