"""The part of `mission.yaml` that concerns merges."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mission.config.section import Section


class MergeConfig(Section):
    """How finished branches get onto the base."""

    strategy: Literal["serial", "batch"] = Field(
        default="serial",
        description="serial: each branch is verified on top of the one before. batch: branches that"
        " wait at the same time are verified together, once, and land together; when they are red,"
        " the one to blame is looked for. With a forge, serial leaves the merge to it; a batch is"
        " pushed by the runner.",
    )
    size: int = Field(
        default=5,
        ge=1,
        le=1024,
        description="For `batch`: how many branches go together at most. No more can wait at the"
        " same time than `max_parallel` allows.",
    )
    repeat_red: bool = Field(
        default=False,
        description="Whether a verification that fails before a merge is repeated once before it is"
        " believed.",
    )
    keep_branches: bool = Field(
        default=False,
        description="Whether the branches of merged rows stay, here and on the remote. Else they"
        " are deleted once the merge is confirmed, unless somebody has added to them.",
    )
    repair: bool = Field(
        default=False,
        description="Whether the agent of a branch that conflicts with the base gets one more"
        " attempt, with the base merged into its branch, to resolve it.",
    )
