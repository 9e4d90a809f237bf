"""The parts of `mission.yaml` that concern gates and verification."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from mission.config.section import Section
from mission.config.values import Duration

Where = Literal["branch", "merged"]


def _on_branch() -> list[Where]:
    return ["branch"]


class GateConfig(Section):
    """One gate that must say clear before a push or a merge."""

    type: str = Field(
        min_length=1, description="The kind of gate: script, none, or the name of a forge."
    )
    name: str | None = Field(
        default=None, description="What messages call it; its type by default."
    )
    run: list[str] = Field(
        default_factory=list,
        description="For `script`: program and arguments; {purpose}, {branch} and {base} are"
        " filled in. Exit code 0 is clear, anything else is not.",
    )
    timeout: Duration = Field(
        default=timedelta(minutes=30), description="How long to wait for the gate to clear."
    )
    interval: Duration = Field(default=timedelta(seconds=10), description="Between two questions.")


class VerifyStep(Section):
    """A command that must succeed before work counts as verified."""

    name: str = Field(min_length=1, description="What messages call it.")
    run: list[str] = Field(
        min_length=1, description="The program and its arguments, one list entry each."
    )
    timeout: Duration = Field(default=timedelta(minutes=20), description="How long it may take.")
    on: list[Where] = Field(
        default_factory=_on_branch,
        min_length=1,
        description="Where it runs: in the task's worktree, on the squashed result, or both.",
    )
