"""What a planning may end as that others act on."""

from __future__ import annotations

from datetime import datetime

from errors import AgentError


class PlannerAwayError(AgentError):
    """Nobody can plan now: the planner is limited, overloaded or has crashed."""

    def __init__(self, message: str, *, milestone: str, at: datetime, agent: str) -> None:
        """`at`: when `agent` is to be asked instead, or again."""
        super().__init__(
            message,
            hint=f"Type `mission expand {milestone}` after {at.astimezone():%Y-%m-%d %H:%M}, or"
            " name another agent with --agent. Nothing was written",
        )
        self.at = at
        self.agent = agent
