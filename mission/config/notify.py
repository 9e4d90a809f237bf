"""The part of `mission.yaml` that says whom to tell what happens, and how."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from mission.config import plugins
from mission.config.kinds import Kinds
from mission.config.section import Section
from mission.config.values import Duration
from mission.notices import NoticeKind

_TIME_OF_DAY = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"
# YAML brings text, and the strict sections would insist on members.
KindName = Annotated[NoticeKind, Field(strict=False)]
TimeOfDay = Annotated[str, Field(pattern=_TIME_OF_DAY)]
# RFC 3986's, with the low line that Apprise's own may have.
Scheme = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9+._-]{0,39}$")]


def _all_kinds() -> list[NoticeKind]:
    return list(NoticeKind)


def _only_death() -> list[NoticeKind]:
    return [NoticeKind.DIED]


class NotifierConfig(Section):
    """One receiver: the keys that every type has. Each type adds its own; those of a plug-in are in
    its documentation."""

    type: str = Field(
        min_length=1,
        description="How it is told: webhook, command, apprise, or a type that a plug-in adds.",
    )
    name: str | None = Field(
        default=None,
        pattern=_NAME,
        description="What messages, the journal and `mission status` call it; its type by default."
        " No two may have the same.",
    )
    events: list[KindName] = Field(
        default_factory=_all_kinds, min_length=1, description="What it is told."
    )
    timeout: Duration = Field(
        default=timedelta(seconds=20),
        description="How long one try to tell it may take; with apprise, each step of one.",
    )

    @property
    def called(self) -> str:
        """Its name."""
        return self.name or self.type


class _Addressed(NotifierConfig):
    """A receiver with an address, which the environment or a file holds: it may be a secret."""

    address_env: str | None = Field(
        default=None, min_length=1, description="The environment variable that holds the address."
    )
    address_file: str | None = Field(
        default=None,
        min_length=1,
        description="Or a file that holds it: an absolute path, or one that begins with ~. Nobody"
        " but you may read or write it, and it may not lie in the repository.",
    )

    @field_validator("address_file")
    @classmethod
    def _absolute(cls, file: str | None) -> str | None:
        return absolute(file)

    @model_validator(mode="after")
    def _one_address(self) -> _Addressed:
        if (self.address_env is None) == (self.address_file is None):
            raise ValueError("it needs either address_env or address_file")
        return self


def absolute(file: str | None) -> str | None:
    """A file that no folder decides about.

    Raises:
        ValueError: It is relative.
    """
    if file is not None and not (file.startswith("~") or Path(file).is_absolute()):
        raise ValueError("an absolute path, or one that begins with ~, is wanted")
    return file


class WebhookConfig(_Addressed):
    """A POST of JSON, signed as Standard Webhooks say (webhook-id, webhook-timestamp,
    webhook-signature)."""

    type: Literal["webhook"] = Field(default="webhook", description="A POST of JSON.")
    secret_env: str | None = Field(
        default=None, min_length=1, description="The environment variable that holds its secret."
    )
    secret_file: str | None = Field(
        default=None,
        min_length=1,
        description="Or a file that holds it, as `address_file`. `shape: json` needs a secret.",
    )
    shape: Literal["json", "slack"] = Field(
        default="json",
        description='json: all parts, for programs. slack: `{"text": ...}`, which Slack,'
        " Mattermost, Rocket.Chat and others show.",
    )
    allow_http: bool = Field(
        default=False,
        description="Whether it may be sent without encryption to another machine.",
    )

    @field_validator("secret_file")
    @classmethod
    def _absolute_secret(cls, file: str | None) -> str | None:
        return absolute(file)

    @model_validator(mode="after")
    def _signed(self) -> WebhookConfig:
        if self.secret_env is not None and self.secret_file is not None:
            raise ValueError("it needs either secret_env or secret_file")
        if self.shape == "json" and self.secret_env is None and self.secret_file is None:
            raise ValueError(
                "a webhook of shape json is signed: it needs secret_env or secret_file"
            )
        return self


class CommandNotifierConfig(NotifierConfig):
    """A program of your own."""

    type: Literal["command"] = Field(default="command", description="Any program.")
    run: list[str] = Field(
        min_length=1,
        description="Program and arguments; {event}, {title}, {text} and {page} are filled in. The"
        " message comes as JSON on its standard input, too. Exit code 0: it was told.",
    )
    environment: list[str] = Field(
        default_factory=list,
        description="Names of environment variables that the program gets to see.",
    )


class AppriseConfig(_Addressed):
    """A service that Apprise knows: ntfy, Gotify, mail, Matrix, Telegram and many more."""

    type: Literal["apprise"] = Field(default="apprise", description="A service of Apprise's.")
    schemes: list[Scheme] = Field(
        min_length=1,
        description="What the address may begin with, without ://, such as ntfys, mailtos, matrixs."
        " Others are refused.",
    )


NOTIFIER_KINDS = Kinds(
    noun="notifier",
    group=plugins.NOTIFIERS,
    base=NotifierConfig,
    models={"webhook": WebhookConfig, "command": CommandNotifierConfig, "apprise": AppriseConfig},
)
AnyNotifier = Annotated[NotifierConfig, NOTIFIER_KINDS]


class QuietConfig(Section):
    """Hours in which nobody is told; what came is told when they are over."""

    from_: TimeOfDay = Field(alias="from", description="When they begin, such as 22:00.")
    to: TimeOfDay = Field(description="When they end, such as 07:00.")
    except_: list[KindName] = Field(
        default_factory=_only_death, alias="except", description="What is told all the same."
    )

    @model_validator(mode="after")
    def _some_hours(self) -> QuietConfig:
        if self.from_ == self.to:
            raise ValueError("from and to are the same, so nobody would ever be told")
        return self


class NotifyConfig(Section):
    """Whom to tell what happens, and when."""

    to: list[AnyNotifier] = Field(default_factory=list, description="Who is told.")
    dashboard: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="The address below which the dashboard's pages are, for links in messages.",
    )
    together: Duration = Field(
        default=timedelta(seconds=10),
        description="How long to wait for more, so that what comes at once is one message.",
    )
    zone: str | None = Field(
        default=None,
        description="The time zone of `quiet` and `digest`, such as Europe/Berlin; by default this"
        " machine's.",
    )
    quiet: QuietConfig | None = Field(default=None, description="Hours in which nobody is told.")
    digest: TimeOfDay | None = Field(
        default=None,
        description="When a digest is sent each day, such as 08:00, while a run or `mission notify"
        " watch` is at work. Without it there is none.",
    )
    gate_after: Duration = Field(
        default=timedelta(minutes=2),
        description="How long a gate cannot find out before that is told.",
    )
    slipped: Duration = Field(
        default=timedelta(hours=4),
        description="By how much the forecast's p80 of the finish is later than it was before that"
        " is told.",
    )
    retry: Duration = Field(
        default=timedelta(hours=1),
        description="How long a message is tried again that did not arrive.",
    )

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None:
            try:
                ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise ValueError("there is no such time zone here") from error
        return zone

    @model_validator(mode="after")
    def _different_names(self) -> NotifyConfig:
        names = [one.called for one in self.to]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two receivers are called {twice[0]}: give each a name of its own")
        return self
