"""Builds the gates that a mission's configuration asks for.

A package of someone else's adds a type through the entry point group `mission_runner.gates`: the
entry's name is the type, its value a callable that takes the gate's configuration and the
`Surroundings`. The callable's `Config`, a subclass of `GateConfig`, is the model of its keys.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar, cast

from errors import ConfigError
from gates.case import QueuePolicy
from gates.none import NoGate
from gates.pause import PauseFiles, PauseGate
from gates.protocol import Gate, GateState
from gates.script import ScriptGate
from mission.clock import SYSTEM_CLOCK, Clock
from mission.config import (
    ForgeConfig,
    GateConfig,
    NoGateConfig,
    QueueGateConfig,
    ScriptGateConfig,
    plugins,
)
from mission.config.gates import GATE_KINDS
from workspace.process import Stop, allowed_environment


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What gates need to know besides their configuration."""

    folder: Path  # where scripts run: the top of the orchestrator's checkout
    stop: Stop = field(default_factory=Stop)  # ends scripts
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    redact: Callable[[bytes], bytes] | None = None  # takes secrets out of what scripts print
    forge: ForgeConfig = field(default_factory=ForgeConfig)
    remote_url: str | None = None  # of the git remote
    pause: PauseFiles | None = None  # None: this mission cannot be paused
    count_pause: bool = False  # whether waiting for the end of a pause uses up the time-out
    clock: Clock = SYSTEM_CLOCK


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How a set of gates is to be waited for, from the configuration of all of them."""

    timeout: timedelta = timedelta(minutes=30)  # the longest of them
    interval: timedelta = timedelta(seconds=10)  # the shortest of them
    clear_reads: int = 1  # the most that one of them asks for

    @classmethod
    def of(cls, configs: Sequence[GateConfig]) -> Patience:
        """From what each gate asks for."""
        if not configs:
            return cls()
        return cls(
            timeout=max(config.timeout for config in configs),
            interval=min(config.interval for config in configs),
            clear_reads=max(config.reads or _READS.get(config.type, 1) for config in configs),
        )


Builder = Callable[[GateConfig, Surroundings], Gate]


def create_gates(configs: Sequence[GateConfig], surroundings: Surroundings) -> tuple[Gate, ...]:
    """The gates of a mission, in the order in which they are asked. A pause comes first.

    Raises:
        ConfigError: An unknown type, or a gate that lacks what its type needs.
    """
    gates: list[Gate] = []
    if surroundings.pause is not None:
        gates.append(PauseGate(files=surroundings.pause, counted=surroundings.count_pause))
    gates.extend(_builder(config)(config, surroundings) for config in configs)
    return tuple(gates)


def _builder(config: GateConfig) -> Builder:
    own = BUILDERS.get(config.type)
    if own is not None:
        return own
    loaded = plugins.load(plugins.GATES, config.type)
    if loaded is None:
        known = ", ".join(GATE_KINDS.names())
        raise ConfigError(f"gates: unknown type {config.type!r}", hint=f"Known: {known}")
    return cast("Builder", loaded)


_C = TypeVar("_C", bound=GateConfig)


def _of(model: type[_C], build: Callable[[_C, Surroundings], Gate]) -> Builder:
    """A builder that is given the configuration of its own type."""

    def built(config: GateConfig, surroundings: Surroundings) -> Gate:
        if not isinstance(config, model):
            raise TypeError(f"a gate is configured by {type(config).__name__}")
        return build(config, surroundings)

    return built


def _none(_config: NoGateConfig, _surroundings: Surroundings) -> Gate:
    return NoGate()


def _script(config: ScriptGateConfig, surroundings: Surroundings) -> Gate:
    return ScriptGate(
        argv=tuple(config.run),
        folder=surroundings.folder,
        name=config.name or config.type,
        timeout=config.timeout,
        exit_codes=_exit_codes(config),
        environment=allowed_environment(config.environment, source=surroundings.environ),
        redact=surroundings.redact,
        stop=surroundings.stop,
    )


def _exit_codes(config: ScriptGateConfig) -> Mapping[int, GateState]:
    codes = {}
    for code, meaning in config.exit_codes.items():
        if not (code.isascii() and code.isdigit() and 1 <= int(code) <= 255):
            raise ConfigError(
                f"gates: exit_codes: {code!r} is no exit code from 1 to 255", hint="0 is clear"
            )
        codes[int(code)] = GateState(meaning)
    return codes


def _queue(config: QueueGateConfig, surroundings: Surroundings) -> Gate:
    # httpx takes longer to import than all the rest of `mission check`, which wants names alone.
    from forges.registry import find_forge  # noqa: PLC0415  only missions with a forge pay
    from gates.queue_guard import QueueGuard  # noqa: PLC0415 - as above

    forge = find_forge(
        surroundings.forge,
        surroundings.remote_url,
        surroundings.environ,
        required=True,
        clock=surroundings.clock,
        stop=surroundings.stop,
    )
    if forge is None:
        raise ConfigError("gates: a gate of type queue needs a forge")
    policy = QueuePolicy(
        required=tuple(config.required),
        accept_skipped=config.accept_skipped,
        grace=config.grace,
        idle_without_report=config.no_report == "idle",
        no_ci=config.ci == "none",
    )
    return QueueGuard(
        forge=forge,
        policy=policy,
        name=config.name or config.type,
        clock=surroundings.clock,
        stop=surroundings.stop,
    )


_READS = {"queue": 2}
BUILDERS: Mapping[str, Builder] = {
    "queue": _of(QueueGateConfig, _queue),
    "script": _of(ScriptGateConfig, _script),
    "none": _of(NoGateConfig, _none),
}
