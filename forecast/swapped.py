"""Settings in which other agents stand in: what if one worked in place of another."""

from __future__ import annotations

from collections.abc import Mapping

from agents.registry import settings
from errors import UsageError
from mission.config import SHIPPED_AGENTS, MissionConfig
from tasks_md.nearest import did_you_mean


def swapped(config: MissionConfig, agents: Mapping[str, str]) -> MissionConfig:
    """The same settings, where whoever stands in for an agent is swapped, too.

    Args:
        config: `mission.yaml`.
        agents: Who works in place of whom.

    Raises:
        UsageError: One of these is not known.
    """
    names = {**SHIPPED_AGENTS, **config.agents}
    for name in (one for pair in agents.items() for one in pair):
        if name not in names:
            hint = did_you_mean(name, names, f"There are: {', '.join(sorted(names))}")
            raise UsageError(f"there is no agent called {name!r} to be swapped", hint=hint)
    changed = {
        name: own.model_copy(update={"fallback": other if other != name else None})
        for name in names
        if (own := settings(name, config)).fallback is not None
        and (other := agents.get(own.fallback, own.fallback)) != own.fallback
    }
    return config.model_copy(update={"agents": {**config.agents, **changed}})
