"""Scenes for tests: a plan as text, settings, and what is known of them."""

from __future__ import annotations

from datetime import UTC, datetime

from forecast.scene import Scene
from forecast.setting import WhatIf
from forecast.staging import History, set_scene
from mission.config import MissionConfig
from mission.journal import Journal
from tasks_md.parse import parse

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
WORKER: dict[str, object] = {"agents": {"worker": {"type": "command", "run": ["true"]}}}


def scene(
    text: str,
    config: dict[str, object] | None = None,
    *,
    what_if: WhatIf | None = None,
    journal: Journal | None = None,
    now: datetime = NOW,
    selected: frozenset[str] | None = None,
) -> Scene:
    """What is played of it."""
    settings = MissionConfig.model_validate(WORKER | (config or {}))
    history = History.of(journal or Journal.in_memory(), settings, now)
    made = set_scene(
        parse(text),
        settings,
        history,
        alive=False,
        now=now,
        what_if=what_if or WhatIf(),
        selected=selected,
    )
    return made.scene
