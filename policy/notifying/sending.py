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
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from mission.notices import Notice, NoticeKind
from policy.notifying.noticing import passes

_MOST = 50  # notices in a message
_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(minutes=15)
_STALE = timedelta(days=1)  # nobody tried for so long: it is looked at whether it is still so


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
        return self._at(day, self.ends, here.tzinfo)

    def within(self, since: datetime, until: datetime) -> timedelta:
        """How much of that time they take."""
        taken, at = timedelta(0), since
        while at < until:
            end = self.until(at)
            if end is None:
                at = self._next_begin(at)
            elif end <= at:
                break  # the clocks were put back across their end
            else:
                taken += min(end, until) - at
                at = end
        return taken

    def _next_begin(self, after: datetime) -> datetime:
        here = after.astimezone(self.zone)
        begin = self._at(here.date(), self.begins, here.tzinfo)
        if begin <= after:
            begin = self._at(here.date() + timedelta(days=1), self.begins, here.tzinfo)
        return begin

    def _at(self, day: date, at: time, zone: tzinfo | None) -> datetime:
        there = datetime.combine(day, at, zone if self.zone is not None else None)
        return there.astimezone(UTC)  # times of one zone are subtracted as its clocks show them


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
    tried: datetime | None = None  # when its first try had failed
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
        return _again(open_one, by_key, now, rules, holds)
    gone = {key for one in sent if _blocks(one) for key in one.keys}
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


def newest(told: Sequence[Sent], before: Sequence[Sent] = ()) -> list[Sent]:
    """Of each message the newest word, oldest message first.

    Args:
        told: Words in their order; `begun` of each is not looked at.
        before: What this gave of the words before these.
    """
    found: dict[tuple[str, str], Sent] = {(one.to, one.id): one for one in before}
    for one in told:
        first = found.get((one.to, one.id))
        if first is not None and first.here != one.here:
            first = None  # what another clone tried does not count here
        tried = None if first is None else first.tried
        if tried is None and one.state == MessageState.FAILED:
            tried = one.at
        begun = one.at if first is None else first.begun
        found[one.to, one.id] = replace(one, begun=begun, tried=tried)
    return list(found.values())


def _is_open(one: Sent) -> bool:
    """Whether it is still to be sent by this clone. One that another clone was about to send may
    have arrived: it is not sent again. One without notices only says that nobody sends."""
    open_states = (MessageState.SENDING, MessageState.FAILED)
    return one.here and bool(one.keys) and one.state in open_states


def _blocks(one: Sent) -> bool:
    """Whether nothing else is to have its notices: not what another clone sent in vain."""
    return one.here or one.state not in (MessageState.FAILED, MessageState.GIVEN_UP)


def _again(
    one: Sent, by_key: Mapping[str, Notice], now: datetime, rules: Rules, holds: Set[str]
) -> Next:
    its = [by_key[key] for key in one.keys if key in by_key]
    what = Message(id=one.id, to=one.to, notices=tuple(its), tries=one.tries)
    silence = rules.quiet
    if silence is not None and any(notice.kind in silence.told for notice in its):
        silence = None
    if not its or _is_spent(one, rules.retry, silence):
        return Next(give_up=what, pending=len(its))
    is_over = all(passes(notice.kind) and notice.key not in holds for notice in its)
    if now - one.at > _STALE and is_over and len(its) == len(one.keys):
        return Next(over=what.notices, pending=len(its))
    again = one.at + pause_after(one.tries)
    if one.state == MessageState.FAILED and one.at <= now < again:
        return Next(wait=again, pending=len(its))
    until = None if silence is None else silence.until(now)
    if until is not None:
        return Next(wait=until, pending=len(its))
    return Next(send=what, pending=len(its))


def _is_spent(one: Sent, retry: timedelta, silence: Quiet | None) -> bool:
    """Whether the last try was one too many. Quiet hours do not count; nor does a machine that was
    off, as a try comes first, whatever the time."""
    if not one.tries or one.tried is None:
        return False
    took = one.at - one.tried
    if silence is not None:
        took -= silence.within(one.tried, one.at)
    return took >= max(retry, timedelta(0))
