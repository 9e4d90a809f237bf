"""Which message a receiver gets next, and when. Pure.

    candidates ─▶ sending ─▶ sent
                     │ ▲
                     ▼ │ after a pause
                   failed ─▶ given-up

A message is noted as `sending` before it goes out. So a run that was killed in between sends it
again, under the same id; another clone does not, since this one may have sent it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum

from mission.notices import Notice, NoticeKind
from policy.notifying.noticing import passes

_MOST = 50  # notices in a message
_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(minutes=15)
_STALE = timedelta(days=1)  # what a run left and nobody could send since


class MessageState(StrEnum):
    """How far a message has come. Words of the journal: they never change."""

    SENDING = "sending"  # it is about to go out, or did
    SENT = "sent"
    FAILED = "failed"  # the last try; it is tried again
    GIVEN_UP = "given-up"
    OVER = "over"  # it was about what was over before it was sent


@dataclass(frozen=True, kw_only=True, slots=True)
class Quiet:
    """Hours in which a receiver is told nothing; they may go over midnight."""

    begins: time
    ends: time
    zone: tzinfo | None  # None: this machine's
    told: frozenset[NoticeKind] = frozenset()  # all the same

    def until(self, now: datetime) -> datetime | None:
        """When they are over; None where it is none of them."""
        here = now.astimezone(self.zone)
        at = here.time().replace(tzinfo=None)
        over_midnight = self.ends <= self.begins
        if over_midnight:
            inside = at >= self.begins or at < self.ends
        else:
            inside = self.begins <= at < self.ends
        if not inside:
            return None
        day = here.date() + timedelta(days=1 if over_midnight and at >= self.begins else 0)
        end = datetime.combine(day, self.ends, here.tzinfo)
        return end if self.zone is not None else end.replace(tzinfo=None).astimezone()


@dataclass(frozen=True, kw_only=True, slots=True)
class Receiver:
    """Who is told, and what."""

    name: str
    kinds: frozenset[NoticeKind]
    since: int  # what was noted before that entry of the journal is not for this one


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """When messages go out."""

    together: timedelta = timedelta(seconds=10)
    retry: timedelta = timedelta(hours=1)
    quiet: Quiet | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What goes to a receiver in one piece."""

    id: str  # the same however often it is sent
    to: str
    notices: tuple[Notice, ...]
    tries: int = 0  # that have ended

    @property
    def keys(self) -> tuple[str, ...]:
        """Those of its notices."""
        return tuple(one.key for one in self.notices)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """The newest that the journal says of a message."""

    id: str
    to: str
    keys: tuple[str, ...]
    state: str  # a `MessageState`; a newer version may have others
    at: datetime
    begun: datetime  # when it was first noted
    tries: int = 0
    here: bool = True  # it was this clone's


@dataclass(frozen=True, kw_only=True, slots=True)
class Next:
    """What is to be done for a receiver."""

    send: Message | None = None  # now
    over: tuple[Notice, ...] = ()  # told nobody any more
    give_up: Message | None = None
    wait: datetime | None = None  # nothing before that; None: nothing at all, as things are
    pending: int = 0  # notices that wait

    @property
    def idle(self) -> bool:
        """Whether nothing is left to be done."""
        return not (self.send or self.over or self.give_up or self.wait)


def next_step(
    receiver: Receiver,
    noticed: Sequence[Notice],
    sent: Sequence[Sent],
    now: datetime,
    *,
    rules: Rules,
    holds: Set[str] = frozenset(),
) -> Next:
    """What is to be done for a receiver now.

    Args:
        noticed: What was noticed, oldest first, each with its time.
        sent: Of this receiver's messages, each once.
        holds: The keys of what is still so.
    """
    by_key = {one.key: one for one in noticed}
    open_one = next((one for one in sent if _is_open(one)), None)
    if open_one is not None:
        return _again(open_one, by_key, now, rules)
    gone = {key for one in sent for key in one.keys}
    waiting = [
        one
        for one in by_key.values()
        if one.kind in receiver.kinds and one.key not in gone and one.number >= receiver.since
    ]
    over = tuple(one for one in waiting if passes(one.kind) and one.key not in holds)
    if over:
        return Next(over=over[:_MOST], pending=len(waiting))
    quiet = rules.quiet.until(now) if rules.quiet is not None else None
    loud = waiting
    if quiet is not None and rules.quiet is not None:
        loud = [one for one in waiting if one.kind in rules.quiet.told]
    if not loud:
        return Next(wait=quiet if waiting else None, pending=len(waiting))
    first = min((one.at for one in loud if one.at is not None), default=now)
    if first <= now < first + rules.together:  # else it is time, or the clock was set back
        return Next(wait=first + rules.together, pending=len(waiting))
    return Next(send=message(receiver.name, loud[:_MOST]), pending=len(waiting))


def message(to: str, its: Sequence[Notice], tries: int = 0) -> Message:
    """A message of these notices; its id follows from them."""
    text = "\0".join((to, *(one.key for one in its)))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return Message(id=f"msg_{digest}", to=to, notices=tuple(its), tries=tries)


def pause_after(tries: int) -> timedelta:
    """How long to wait after so many tries that failed."""
    return min(_FIRST_PAUSE * 3.0 ** min(max(tries, 1) - 1, 20), _LONGEST_PAUSE)


def newest(told: Sequence[Sent]) -> list[Sent]:
    """Of each message the newest word, oldest message first.

    Args:
        told: Words in their order; `begun` of each is not looked at.
    """
    found: dict[tuple[str, str], Sent] = {}
    for one in told:
        first = found.get((one.to, one.id))
        begun = one.at if first is None else first.begun
        found[one.to, one.id] = Sent(
            id=one.id,
            to=one.to,
            keys=one.keys,
            state=one.state,
            at=one.at,
            begun=begun,
            tries=one.tries,
            here=one.here,
        )
    return list(found.values())


def _is_open(one: Sent) -> bool:
    """Whether it is still to be sent by this clone. One that another clone was about to send may
    have arrived: it is not sent again."""
    return one.here and one.state in (MessageState.SENDING, MessageState.FAILED)


def _again(one: Sent, by_key: Mapping[str, Notice], now: datetime, rules: Rules) -> Next:
    its = [by_key[key] for key in one.keys if key in by_key]
    what = Message(id=one.id, to=one.to, notices=tuple(its), tries=one.tries)
    limit = max(rules.retry, timedelta(0))
    if not its or now - one.begun > _STALE or (one.tries and now - one.begun > limit):
        return Next(give_up=what, pending=len(its))
    again = one.at + pause_after(one.tries)
    if one.state == MessageState.FAILED and one.at <= now < again:
        return Next(wait=again, pending=len(its))
    silence = rules.quiet
    until = None if silence is None else silence.until(now)
    if silence is not None and until and all(one.kind not in silence.told for one in its):
        return Next(wait=until, pending=len(its))
    return Next(send=what, pending=len(its))
