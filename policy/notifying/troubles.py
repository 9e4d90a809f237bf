"""Who was not told, since when and why: it stays until a message arrives again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mission.journal import Event
from mission.journal.kinds import Told
from policy.notifying.sending import MessageState


@dataclass(frozen=True, kw_only=True, slots=True)
class Untold:
    """A receiver that messages do not reach."""

    to: str
    since: datetime  # the first try that failed since one last arrived
    why: str  # of the last one
    given_up: bool  # the last message is not tried again


def untold(events: Sequence[Event[Told]], names: Iterable[str]) -> tuple[Untold, ...]:
    """The receivers among `names` that were not told last.

    Args:
        events: What the journal says of messages, oldest first.
    """
    found: dict[str, Untold] = {}
    for event in events:
        what = event.what
        before = found.get(what.to)
        if what.state == MessageState.SENT:
            found.pop(what.to, None)
        elif what.state == MessageState.FAILED:
            since = before.since if before is not None else event.at
            found[what.to] = Untold(to=what.to, since=since, why=what.why, given_up=False)
        elif what.state == MessageState.GIVEN_UP:
            last = before or Untold(to=what.to, since=event.at, why=what.why, given_up=True)
            found[what.to] = replace(last, given_up=True)
    return tuple(found[name] for name in names if name in found)
