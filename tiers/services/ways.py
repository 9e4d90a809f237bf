"""Which of the ways to run services is taken on this machine."""

from __future__ import annotations

from enum import StrEnum

from errors import TierError, UsageError
from tiers.config import TierConfig
from tiers.services.embedded import EmbeddedServices
from tiers.services.service import Say, Services
from tiers.settings.address import LOOPBACK
from tiers.settings.model import Tier
from workspace.process import Stop


class Way(StrEnum):
    """How services run."""

    AUTO = "auto"  # compose where an engine answers and has the images, else embedded
    COMPOSE = "compose"
    EMBEDDED = "embedded"


def choose_services(
    config: TierConfig,
    way: Way = Way.AUTO,
    *,
    starting: Say | None = None,
    stop: Stop | None = None,
) -> Services:
    """The way in which the services of this tier run on this machine.

    Where nobody says which, embedded services that run are kept, and an engine that has not the
    images and cannot get them, as without a network, counts as none.

    Args:
        starting: They are about to be started: images that are not there are pulled, and it is
            told of that. Otherwise nothing is.
        stop: Breaks off what the services do.

    Raises:
        UsageError: The configured services are on another machine.
        TierError: Compose was asked for and no engine answers.
        StoppedError: A stop was requested while images were pulled.
    """
    refuse_remote(config)
    if way is not Way.EMBEDDED and config.tier is Tier.FEDERATED:
        # Imported late: the other tiers load nothing of it.
        from tiers.services.compose import ComposeServices, find_engine  # noqa: PLC0415

        engine = find_engine()
        if engine is not None:
            services = ComposeServices(engine, stop=stop)
            if way is Way.COMPOSE:
                return services
            if EmbeddedServices().some_run(config):
                return EmbeddedServices(why="they run already", stop=stop)
            why = services.lacking(starting)
            return EmbeddedServices(why=why, stop=stop) if why else services
    if way is Way.COMPOSE:
        raise TierError(
            "No container engine with compose answers",
            hint="Start Docker or Podman, or use the embedded services: --with embedded",
        )
    return EmbeddedServices(stop=stop)


def refuse_remote(config: TierConfig) -> None:
    """We start servers here, and nowhere else.

    Raises:
        UsageError: A configured service is on another machine.
    """
    for address in (config.postgres, config.valkey):
        if address is not None and address.host not in LOOPBACK:
            raise UsageError(
                f"{address.where} is not on this machine, where alone services are started",
                hint="`mission tier doctor` tells how it is",
            )
