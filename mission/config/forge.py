"""The part of `mission.yaml` that concerns the forge."""

from __future__ import annotations

from pydantic import Field

from mission.config import plugins
from mission.config.kinds import Kinds
from mission.config.section import Section

OWN_FORGES = ("auto", "gitea", "forgejo", "github", "gitlab", "none")


class ForgeConfig(Section):
    """Which forge it is, where, and with which token we ask it: the keys that every type has. A
    plug-in may add its own."""

    type: str = Field(
        default="auto",
        min_length=1,
        description="The kind of forge: auto, gitea, forgejo, github, gitlab, none, or one that a"
        " plug-in adds. auto: from the address of the git remote; none: there is none, or it is not"
        " to be used.",
        examples=list(OWN_FORGES),
    )
    url: str | None = Field(
        default=None,
        min_length=1,
        description="Where people read it, such as https://git.example.org; by default from the"
        " address of the git remote.",
    )
    repository: str | None = Field(
        default=None,
        pattern=r"^[^/\\s]+(/[^/\\s]+)+$",
        description="Owner and name; by default from the address of the git remote.",
    )
    token_env: str | None = Field(
        default=None,
        min_length=1,
        description="The environment variable that holds the token. By default the usual ones of"
        " each forge are tried, then ~/.netrc.",
    )
    token_command: list[str] = Field(
        default_factory=list,
        description="A program and its arguments that prints the token, such as a password store.",
    )
    allow_http: bool = Field(
        default=False,
        description="Whether the token may be sent without encryption to another machine.",
    )


FORGE_KINDS = Kinds(
    noun="forge",
    group=plugins.FORGES,
    base=ForgeConfig,
    models=dict.fromkeys(OWN_FORGES, ForgeConfig),  # which all have the same keys
    default="auto",
)
