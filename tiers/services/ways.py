"""Which of the ways to run services is taken on this machine."""

from __future__ import annotations

from enum import StrEnum

from mission.errors import TierError, UsageError
from tiers.config import LOOPBACK, TierConfig
from tiers.services.embedded import EmbeddedServices
from tiers.services.service import Services
from tiers.settings.model import Tier


class Way(StrEnum):
    """How services run."""

    AUTO = "auto"  # compose where an engine answers, else embedded
    COMPOSE = "compose"
    EMBEDDED = "embedded"


def choose_services(config: TierConfig, way: Way = Way.AUTO) -> Services:
    """The way in which the services of this tier run on this machine.

    Raises:
        UsageError: The configured services are on another machine.
        TierError: Compose was asked for and no engine answers.
    """
    refuse_remote(config)
    if way is not Way.EMBEDDED and config.tier is Tier.FEDERATED:
        # Imported late: the other tiers load nothing of it.
        from tiers.services.compose import ComposeServices, find_engine  # noqa: PLC0415

        engine = find_engine()
        if engine is not None:
            return ComposeServices(engine)
    if way is Way.COMPOSE:
        raise TierError(
            "No container engine with compose answers",
            hint="Start Docker or Podman, or use the stand-ins: --with embedded",
        )
    return EmbeddedServices()


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
