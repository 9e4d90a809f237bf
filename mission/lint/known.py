"""What settings may name that is known only above this layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mission.config.kinds import Kinds


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """The names that exist whatever a mission's files say."""

    agents: Mapping[str, str]  # agents that need no configuration -> the type of each
    operations: Kinds  # with the arguments that each takes
    gate_placeholders: frozenset[str]  # what may stand in braces in a gate's `run`
    agent_placeholders: frozenset[str]  # ... and in an agent's
    notifier_placeholders: frozenset[str] = frozenset()  # ... and in a notifier's
    models: Mapping[str, str] = field(default_factory=dict)  # agent type -> its usual model
    prices: frozenset[str] = frozenset()  # models with a shipped price

    @property
    def placeholders(self) -> frozenset[str]:
        """Every word that stands for something anywhere."""
        return self.gate_placeholders | self.agent_placeholders | self.notifier_placeholders
