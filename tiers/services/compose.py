"""The services of the federated tier in containers, through compose."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from errors import TierError
from tiers.config import TierConfig
from tiers.services.service import Say, ServiceState, with_passwords
from workspace.process import Stop

_PROJECT = Path(__file__).parents[2]  # what paths in the file start from: it holds our packages
_NAME = "docker-compose.federated.yml"
SERVICES = {  # of the profile `federated`: what each container is made from
    "postgres-federated": "pgvector/pgvector"  # pg17
    "@sha256:cf134a767f474095eeba57e0117be8e568e011a63f33fbf252f14c9b760f8e6f",
    "valkey-federated": "valkey/valkey"  # 8
    "@sha256:81db6d39e1bba3b3ff32bd3a1b19a6d69690f94a3954ec131277b9a26b95b3aa",
}
START_SECONDS = 180  # images that must be pulled first included
PULL_SECONDS = 300  # for one image, before the embedded services are taken in its place
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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ended:
    """How a command ended."""

    code: int | None  # None: it took too long, and was ended
    stdout: str
    stderr: list[str]  # its lines that are not empty


def _compose_file() -> Path:
    """Of the checkout, else where the wheel puts it."""
    checkout = _PROJECT / _NAME
    if checkout.is_file():
        return checkout
    return Path(sysconfig.get_path("data"), "share", "mission-runner", _NAME)


COMPOSE_FILE = _compose_file()


class ComposeServices:
    """The containers of `docker-compose.federated.yml`, profile `federated`."""

    def __init__(
        self, engine: Engine, file: Path = COMPOSE_FILE, *, stop: Stop | None = None
    ) -> None:
        self._engine = engine
        self._file = file
        self._stop = stop or Stop()

    @property
    def description(self) -> str:
        return f"containers: {' '.join(self._engine.compose)} with {self._file.name}"

    def lacking(self, say: Say | None) -> str:
        """What keeps containers from being made here; empty if nothing does.

        Args:
            say: Told of each image that is pulled. None: none is.

        Raises:
            StoppedError: A stop was requested meanwhile.
        """
        if not self._file.is_file():
            return f"there is no {self._file.name} here"
        for image in SERVICES.values():
            name = image.partition("@")[0]
            if _answers(self._engine.name, "image", "inspect", image):
                continue
            if say is None:
                return f"{self._engine.name} has no image {name}"
            say(f"pulls {name}")
            answer = self._call(
                [self._engine.name, "pull", "--quiet", image], os.environ, seconds=PULL_SECONDS
            )
            if answer.code != 0:
                said = answer.stderr[-1] if answer.stderr else f"not within {PULL_SECONDS} s"
                return f"{self._engine.name} cannot pull {name}: {said}"
        return ""

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
        if not self._file.is_file():  # a runner that was put together by hand
            raise TierError(
                f"there is no {self._file}",
                hint="Start containers from a checkout, or use --with embedded",
            )
        compose = " ".join(self._engine.compose)
        files = ["--project-directory", str(_PROJECT), "--file", str(self._file)]
        answer = self._call(
            [*self._engine.compose, *files, "--profile", "federated", *arguments],
            compose_environment(config, os.environ),
            seconds=seconds,
        )
        if answer.code is None:
            raise TierError(
                f"`{compose} {arguments[0]}` took over {seconds} s",
                hint=f"Look at the containers: {self._engine.name} ps",
            )
        if answer.code != 0:
            said = " / ".join(answer.stderr[-4:])
            raise TierError(f"`{compose} {arguments[0]}` failed: {said}")
        return answer.stdout

    def _call(self, command: list[str], environment: Mapping[str, str], *, seconds: int) -> _Ended:
        """Run a command, and leave alone what it leaves: Podman has no daemon, so what watches its
        containers are processes that its commands start. `run_process` would end them."""
        with (
            subprocess.Popen(
                command,
                cwd=_PROJECT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            ) as process,
            self._stop.calling(lambda: _signal(process, signal.SIGTERM)),
        ):
            late = False
            try:
                stdout, stderr = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                late = True
                _signal(process, signal.SIGKILL)
                stdout, stderr = process.communicate()
        self._stop.heed()
        said = [line.strip() for line in stderr.splitlines() if line.strip()]
        return _Ended(code=None if late else process.returncode, stdout=stdout, stderr=said)


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """To the command and what it runs: compose is a program of its own below `docker`."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


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
