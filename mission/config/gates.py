"""The parts of `mission.yaml` that concern gates and verification."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from mission.config import plugins
from mission.config.kinds import Kinds
from mission.config.section import Section
from mission.config.values import Duration

Where = Literal["branch", "merged"]
# What a gate may say of an exit code. Clear is not among them: that is 0, and nothing else.
ExitMeaning = Literal["busy", "failed", "unknown"]


def _on_branch() -> list[Where]:
    return ["branch"]


class GateConfig(Section):
    """One gate that must say clear before a push or a merge: the keys that every type has. Each
    type adds its own; those of a plug-in are in its documentation."""

    type: str = Field(
        min_length=1,
        description="The kind of gate: queue (the CI of the forge), script, none, or one that a"
        " plug-in adds.",
    )
    name: str | None = Field(
        default=None, description="What messages call it; its type by default."
    )
    timeout: Duration = Field(
        default=timedelta(minutes=30), description="How long to wait for the gate to clear."
    )
    interval: Duration = Field(default=timedelta(seconds=10), description="Between two questions.")
    reads: int | None = Field(
        default=None,
        ge=1,
        description="How many answers in a row must be clear, about the same commits. By default"
        " 2 for `queue` and 1 for others.",
    )


class QueueGateConfig(GateConfig):
    """The queue guard: the CI of the forge."""

    type: Literal["queue"] = Field(default="queue", description="The CI of the forge.")
    ci: Literal["auto", "none"] = Field(
        default="auto",
        description="none says that the repository has no CI, so that nothing is waited for.",
    )
    required: list[str] = Field(
        default_factory=list,
        description="Contexts that must be green on the head before it merges; * and ? are"
        " wildcards. Those that the base's protection asks for come on top.",
    )
    accept_skipped: bool = Field(
        default=False,
        description="Whether skipped and neutral checks prove as much as green ones.",
    )
    grace: Duration = Field(
        default=timedelta(minutes=2),
        description="How long CI may take to register its first run for a new head.",
    )
    no_report: Literal["wait", "idle"] = Field(
        default="wait",
        description="What a head means for which CI registered nothing within `grace`. idle: CI"
        " leaves such commits out, so nothing runs. It never counts as green.",
    )


class ScriptGateConfig(GateConfig):
    """A program of your own."""

    type: Literal["script"] = Field(default="script", description="Any program.")
    run: list[str] = Field(
        min_length=1,
        description="Program and arguments; {purpose}, {branch} and {base} are filled in. Exit code"
        " 0 is clear, anything else is not.",
    )
    environment: list[str] = Field(
        default_factory=list,
        description="Names of environment variables that the program gets to see.",
    )
    exit_codes: dict[str, ExitMeaning] = Field(
        default_factory=dict,
        description="What an exit code other than 0 means. By default 75 is busy; 2, 126 and 127"
        " are failed; others are unknown, and asked again until the time is up.",
    )


class NoGateConfig(GateConfig):
    """No gate: always clear."""

    type: Literal["none"] = Field(default="none", description="Nothing is asked.")


GATE_KINDS = Kinds(
    noun="gate",
    group=plugins.GATES,
    base=GateConfig,
    models={"queue": QueueGateConfig, "script": ScriptGateConfig, "none": NoGateConfig},
)


class VerifyStep(Section):
    """A command that must succeed before work counts as verified."""

    name: str = Field(min_length=1, description="What messages call it.")
    run: list[str] = Field(
        min_length=1, description="The program and its arguments, one list entry each."
    )
    timeout: Duration = Field(default=timedelta(minutes=20), description="How long it may take.")
    environment: list[str] = Field(
        default_factory=list, description="Names of environment variables that it gets to see."
    )
    on: list[Where] = Field(
        default_factory=_on_branch,
        min_length=1,
        description="What it runs on: the branch, before it is pushed; the squashed result; or "
        "both. Each time in a fresh and full checkout; a tree that has passed is not verified "
        "again.",
    )
