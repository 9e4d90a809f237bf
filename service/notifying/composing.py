"""A message of notices, in words and in parts for programs, without secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from mission.config import MissionConfig
from mission.notices import Notice
from mission.pages import page_address
from mission.place import Place
from notifiers.protocol import Outgoing
from policy.notifying.sending import Message
from policy.notifying.wording import words


def outgoing(
    what: Message,
    mission: str,
    place: Place,
    config: MissionConfig,
    now: datetime,
    redact: Callable[[str], str],
) -> Outgoing:
    """A message in words, and in parts for programs; without secrets."""

    def page(task: str | None) -> str:
        return page_address(config.notify.dashboard, place, task)

    its = [_redacted(one, redact) for one in what.notices]
    return Outgoing(
        id=what.id,
        at=now,
        mission=mission,
        words=words(its, mission, page),
        events=[_event(one, page) for one in its],
    )


def _redacted(one: Notice, redact: Callable[[str], str]) -> Notice:
    return Notice(
        kind=one.kind,
        key=redact(one.key),
        title=redact(one.title),
        reason=redact(one.reason),
        command=redact(one.command),
        task=None if one.task is None else redact(one.task),
        at=one.at,
    )


def _event(one: Notice, page: Callable[[str | None], str]) -> Mapping[str, str | None]:
    return {
        "event": str(one.kind),
        "key": one.key,
        "at": None if one.at is None else one.at.isoformat(),
        "task": one.task,
        "title": one.title,
        "reason": one.reason,
        "command": one.command,
        "page": page(one.task) or None,
    }
