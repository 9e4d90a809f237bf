"""The part of `mission.yaml` that concerns the folders in which agents and checks work."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from mission.config.section import Section
from mission.config.values import Duration

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\\]")


def _inside(path: str) -> str:
    parts = path.removesuffix("/").split("/")
    if _CONTROLS.search(path) or any(part in ("", ".", "..") for part in parts):
        raise ValueError("not a path inside the repository, such as .env or tools/cache")
    if any(part.casefold() == ".git" for part in parts):
        raise ValueError("what is in .git is git's own")
    return "/".join(parts)


InnerPath = Annotated[str, AfterValidator(_inside)]


class PrepareStep(Section):
    """A command that makes a folder fit to work in."""

    run: list[str] = Field(
        min_length=1, description="The program and its arguments, one list entry each."
    )
    timeout: Duration = Field(default=timedelta(minutes=10), description="How long it may take.")
    environment: list[str] = Field(
        default_factory=list, description="Names of environment variables that it gets to see."
    )


class WorktreeConfig(Section):
    """What a folder needs before somebody can work in it. Holds on this machine; agents with
    `where: worker` prepare by themselves."""

    prepare: list[PrepareStep] = Field(
        default_factory=list,
        description="What is run once in each new worktree, before its agent, in the agent's"
        " sandbox; and in each checkout that is verified, before its steps. What it makes must be"
        " ignored by git.",
    )
    copy_: list[InnerPath] = Field(
        default_factory=list,
        alias="copy",
        description="Files and folders of your checkout that git ignores, such as .env, of which"
        " each worktree and each verified checkout gets a copy.",
    )
    link: list[InnerPath] = Field(
        default_factory=list,
        description="As `copy`, but they get a link to yours. What is written through it is yours.",
    )
    submodules: bool | list[InnerPath] = Field(
        default=False,
        description="Whether the folders of submodules are filled, or which of them: in each"
        " worktree before its agent, and in each checkout that is verified. The branch says with"
        " which commit, and the base from where, or `submodule.NAME.url` of your git settings."
        " Submodules within one stay empty.",
    )
    keep: list[InnerPath] = Field(
        default_factory=list,
        description="Folders that git ignores, such as node_modules, that a row's worktree gets as"
        " an earlier row's agent left them. All else that git does not track is removed, and a"
        " checkout that is verified keeps nothing.",
    )

    @field_validator("link")
    @classmethod
    def _not_within(cls, given: list[str]) -> list[str]:
        for one in given:
            if any(other != one and one.startswith(f"{other}/") for other in given):
                raise ValueError(f"{one} is inside another one")
        return given
