"""Makes the notifiers that a mission's settings ask for.

A package of someone else's adds a type through the entry point group `mission_runner.notifiers`:
the entry's name is the type, its value a callable that takes the receiver's configuration and the
`Surroundings`. The callable's `Config`, a subclass of `NotifierConfig`, is the model of its keys.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

from errors import ConfigError
from mission.config import (
    AppriseConfig,
    CommandNotifierConfig,
    NotifierConfig,
    NotifyConfig,
    WebhookConfig,
    plugins,
)
from mission.config.notify import NOTIFIER_KINDS
from notifiers.command import CommandNotifier
from notifiers.messengers import Messenger
from notifiers.protocol import Notifier
from notifiers.secrets_read import SecretSource
from workspace.process import Stop, allowed_environment


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What notifiers need to know besides their configuration."""

    folder: Path  # where programs run: the top of the orchestrator's checkout
    repository: Path | None  # no address is read from below it
    stop: Stop = field(default_factory=Stop)  # ends programs
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    redact: Callable[[bytes], bytes] | None = None  # takes secrets out of what programs print


Builder = Callable[[NotifierConfig, Surroundings], Notifier]


def create_notifiers(config: NotifyConfig, surroundings: Surroundings) -> Mapping[str, Notifier]:
    """Who is told, by name, in the order of the settings.

    Raises:
        ConfigError: An unknown type.
    """
    return {one.called: _builder(one)(one, surroundings) for one in config.to}


def _builder(config: NotifierConfig) -> Builder:
    own = BUILDERS.get(config.type)
    if own is not None:
        return own
    loaded = plugins.load(plugins.NOTIFIERS, config.type)
    if loaded is None:
        known = ", ".join(NOTIFIER_KINDS.names())
        raise ConfigError(f"notify.to: unknown type {config.type!r}", hint=f"Known: {known}")
    return cast("Builder", loaded)


_C = TypeVar("_C", bound=NotifierConfig)


def _of(model: type[_C], build: Callable[[_C, Surroundings], Notifier]) -> Builder:
    """A builder that is given the configuration of its own type."""

    def built(config: NotifierConfig, surroundings: Surroundings) -> Notifier:
        if not isinstance(config, model):
            raise TypeError(f"a notifier is configured by {type(config).__name__}")
        return build(config, surroundings)

    return built


def _webhook(config: WebhookConfig, surroundings: Surroundings) -> Notifier:
    from notifiers.webhook import Webhook  # noqa: PLC0415  httpx takes long to import

    return Webhook(
        address=_source("address", config.address_env, config.address_file, surroundings),
        secret=_source("secret", config.secret_env, config.secret_file, surroundings),
        shape=config.shape,
        timeout=config.timeout,
        allow_http=config.allow_http,
    )


def _command(config: CommandNotifierConfig, surroundings: Surroundings) -> Notifier:
    return CommandNotifier(
        argv=tuple(config.run),
        folder=surroundings.folder,
        timeout=config.timeout,
        environment=allowed_environment(config.environment, source=surroundings.environ),
        redact=surroundings.redact,
        stop=surroundings.stop,
    )


def _apprise(config: AppriseConfig, surroundings: Surroundings) -> Notifier:
    return Messenger(
        address=_source("address", config.address_env, config.address_file, surroundings),
        schemes=frozenset(scheme.lower() for scheme in config.schemes),
        timeout=config.timeout,
    )


def _source(
    what: str, variable: str | None, file: str | None, surroundings: Surroundings
) -> SecretSource:
    return SecretSource(
        what=what,
        variable=variable,
        file=file,
        environ=surroundings.environ,
        repository=surroundings.repository,
    )


BUILDERS: Mapping[str, Builder] = {
    "webhook": _of(WebhookConfig, _webhook),
    "command": _of(CommandNotifierConfig, _command),
    "apprise": _of(AppriseConfig, _apprise),
}
