"""What sends, made from a mission's settings and the environment that is handed in."""

from __future__ import annotations

from collections.abc import Mapping

from mission.config import MissionConfig
from mission.place import Place
from notifiers.protocol import Notifier
from notifiers.registry import Surroundings, create_notifiers
from workspace.redact import Redactor


def redactor_of(config: MissionConfig, variables: Mapping[str, str]) -> Redactor:
    """Knows the environment's secrets, and those that the settings give agents."""
    set_for_agents = {
        f"{agent}:{name}": value
        for agent, settings in config.agents.items()
        for name, value in settings.set.items()
    }
    return Redactor.from_environment({**variables, **set_for_agents})


def notifiers_of(
    place: Place, config: MissionConfig, variables: Mapping[str, str], redactor: Redactor
) -> Mapping[str, Notifier]:
    """Who is told, by name.

    Raises:
        ConfigError: The settings name a type that there is not.
    """
    return create_notifiers(
        config.notify,
        Surroundings(
            folder=place.repository or place.folder,
            repository=place.repository,
            environ=variables,
            redact=redactor.line,
        ),
    )
