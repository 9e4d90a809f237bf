"""What `notify:` in `mission.yaml` means for who is told, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from mission.config import AppriseConfig, NotifyConfig
from policy.notifying.sending import Quiet, Receiver, Rules

_STEPS = 6  # of a try of Apprise's


def rules_of(config: NotifyConfig) -> Rules:
    """When messages go out."""
    quiet = config.quiet
    return Rules(
        together=config.together,
        retry=config.retry,
        quiet=None
        if quiet is None
        else Quiet(
            begins=time.fromisoformat(quiet.from_),
            ends=time.fromisoformat(quiet.to),
            zone=zone_of(config),
            told=frozenset(quiet.except_),
        ),
    )


def receivers_of(config: NotifyConfig, since: Mapping[str, int]) -> Sequence[Receiver]:
    """Who is told, each from when its name was first heard of; those that no run knows yet are
    left out."""
    return [
        Receiver(name=one.called, kinds=frozenset(one.events), since=since[one.called])
        for one in config.to
        if one.called in since
    ]


def limits_of(config: NotifyConfig) -> Mapping[str, timedelta]:
    """How long one try may take, by receiver. Apprise bounds each step of one: to connect, to
    greet, to log in, to send, and some services ask for something first."""
    return {
        one.called: one.timeout * (_STEPS if isinstance(one, AppriseConfig) else 1)
        for one in config.to
    }


def zone_of(config: NotifyConfig) -> tzinfo | None:
    """The zone of its times of day; None: this machine's."""
    return None if config.zone is None else ZoneInfo(config.zone)


def digest_due(config: NotifyConfig, now: datetime) -> datetime | None:
    """The last time of day at which a digest was to be sent; None: there are none."""
    if config.digest is None:
        return None
    here = now.astimezone(zone_of(config))
    at = datetime.combine(here.date(), time.fromisoformat(config.digest), here.tzinfo)
    return at if at <= here else at - timedelta(days=1)
