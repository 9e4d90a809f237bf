"""Events as the database holds them: a word for the kind, and a JSON object of the class's fields.

Fields with a default may be missing there, and keys that a class does not know are passed over: so
that journals of older versions are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from mission.journal.kinds import (
    AgentEnded,
    BranchSetAside,
    BranchStays,
    CheckoutBehind,
    DispatchBegan,
    DoneBefore,
    ErrandKeyed,
    ErrandSent,
    EvidenceFound,
    FinishExpected,
    ForecastMade,
    ForgeRaced,
    GateAnswered,
    Happening,
    IssueClosed,
    LetterAnswered,
    LetterCame,
    MergeAwaited,
    Merged,
    MilestoneExpanded,
    NoLookup,
    NoReview,
    Noticed,
    NotifyBegan,
    Other,
    PullOpened,
    Pushed,
    RemoteAway,
    RequestAnswered,
    ReviewMade,
    RowWaits,
    StatusPublished,
    StatusSet,
    Told,
    UsageBooked,
    Verified,
    WentOn,
    WillConflict,
    WorkHeld,
)

#: The word for each kind. Journals hold them: they never change.
WORDS: Mapping[type[Happening], str] = {
    StatusSet: "status",
    GateAnswered: "gate",
    Pushed: "push",
    BranchSetAside: "set-aside",
    BranchStays: "stays",
    Merged: "merge",
    ForgeRaced: "raced",
    WillConflict: "conflict",
    Verified: "verify",
    AgentEnded: "agent",
    NoLookup: "no-lookup",
    UsageBooked: "usage",
    ReviewMade: "review",
    NoReview: "no-review",
    EvidenceFound: "evidence",
    RequestAnswered: "request",
    PullOpened: "pull",
    IssueClosed: "issue",
    MilestoneExpanded: "expand",
    StatusPublished: "publish",
    DoneBefore: "taken-over",
    WentOn: "went-on",
    RemoteAway: "away",
    CheckoutBehind: "behind",
    ErrandKeyed: "remote-key",
    ErrandSent: "remote",
    WorkHeld: "held",
    DispatchBegan: "dispatch",
    RowWaits: "waits",
    MergeAwaited: "queued",
    ForecastMade: "forecast",
    LetterCame: "letter",
    LetterAnswered: "letter-answered",
    NotifyBegan: "notify",
    Noticed: "notice",
    FinishExpected: "finish-expected",
    Told: "told",
}
_MOST = 10**12  # of any number that somebody else tells
_CLASSES = {word: kind for kind, word in WORDS.items()}


def word_of(what: Happening) -> str:
    """The word for its kind."""
    return what.kind if isinstance(what, Other) else WORDS[type(what)]


def data_of(what: Happening) -> dict[str, object]:
    """Its fields as JSON values; lists that are empty by default are left out."""
    if isinstance(what, Other):
        return dict(what.data)
    form = _FORMS[type(what)]
    given = {name: getattr(what, name) for name in form.names}
    for name in form.lists:
        given[name] = list(given[name])
        if not given[name] and name not in form.needed:
            del given[name]
    return given


def read_happening(word: str, data: Mapping[str, object]) -> Happening:
    """What a journal holds. A kind without the fields that it needs is an `Other`."""
    kind = _CLASSES.get(word)
    form = None if kind is None else _FORMS[kind]
    if kind is None or form is None or not form.needed <= data.keys():
        return Other(kind=word, data=data)
    values: dict[str, Any] = {name: data[name] for name in form.names if name in data}
    for name in form.lists & values.keys():
        told = values[name]
        values[name] = tuple(map(str, told)) if isinstance(told, list) else ()
    return kind(**values)


def fits(word: str, data: Mapping[str, object]) -> bool:
    """Whether what somebody else wrote can be read as its kind; of an unknown kind anything can."""
    kind = _CLASSES.get(word)
    if kind is None:
        return True
    form = _FORMS[kind]
    given = [name for name in form.names if name in data]
    return form.needed <= data.keys() and all(_is(form.types[one], data[one]) for one in given)


def _is(wanted: str, value: object) -> bool:
    """Whether a JSON value is of a field's type, as the class writes it."""
    if value is None:
        return wanted.endswith("| None")
    plain = wanted.removesuffix(" | None")
    if plain.startswith("tuple"):
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if plain in ("bool", "str"):
        return type(value).__name__ == plain
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _MOST and (plain == "float" or isinstance(value, int))  # no NaN either


@dataclass(frozen=True, kw_only=True, slots=True)
class _Form:
    """What a class looks like in the journal."""

    names: tuple[str, ...]
    needed: frozenset[str]  # without a default
    lists: frozenset[str]
    types: Mapping[str, str]  # as the class writes them


def _form(kind: type[Happening]) -> _Form:
    return _Form(
        names=tuple(one.name for one in fields(kind)),
        needed=frozenset(one.name for one in fields(kind) if one.default is MISSING),
        lists=frozenset(one.name for one in fields(kind) if str(one.type).startswith("tuple")),
        types={one.name: str(one.type) for one in fields(kind)},
    )


_FORMS = {kind: _form(kind) for kind in WORDS}
