"""The arguments of built-in operations: what `tasks: {ID: {run: NAME, with: ...}}` may have."""

from __future__ import annotations

from pydantic import Field

from mission.config.section import Section


class NoArguments(Section):
    """Of an operation that takes none; of a plug-in's that says nothing, too."""


class TierArguments(Section):
    """Of an operation on the storage tier."""

    config: str = Field(default="", description="The tier's configuration, a file below the top.")


class BootArguments(TierArguments):
    """Of `compose-boot`."""

    with_: str = Field(default="", alias="with", description="What boots the services.")


class MoveArguments(TierArguments):
    """Of `migrate-tier`: as the options of `mission tier migrate`."""

    from_: str = Field(default="", alias="from", description="The storage that is moved.")
    leave: list[str] = Field(default_factory=list, description="TABLE.COLUMN, left behind.")
    allow_non_empty: bool = Field(
        default=False, alias="allow-non-empty", description="Whether the target may hold rows."
    )


class MigrationCheckArguments(TierArguments):
    """Of `migration-check`."""

    source: str = Field(default="", description="The kind of storage that the trial begins with.")
