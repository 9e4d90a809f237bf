"""What can happen to a mission: a class for each kind of event. Enumerations are kept as words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from mission.usage import Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusSet:
    """The task file says another status of a row now."""

    old: str
    new: str
    by: str  # a `mission.state.Actor`
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GateAnswered:
    """A gate said something else than before, or was asked for the first time."""

    gate: str
    purpose: str  # a `gates.protocol.Purpose`
    state: str  # a `gates.protocol.GateState`
    branch: str | None = None
    commit: str | None = None
    detail: str = ""
    host: str | None = None  # the worker that asked; None: the runner itself

    @property
    def clear(self) -> bool:
        """Whether it said that nothing is in the way."""
        return self.state == "clear"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pushed:
    """A branch is on the remote."""

    branch: str | None
    commit: str
    host: str | None = None  # the worker that pushed it; None: the runner itself


@dataclass(frozen=True, kw_only=True, slots=True)
class BranchSetAside:
    """A branch begins anew on the base; what it held is kept."""

    branch: str | None
    commit: str
    kept: str  # the ref that keeps it


@dataclass(frozen=True, kw_only=True, slots=True)
class BranchStays:
    """The branch of a merged row could not be deleted; with an empty `why`, it was later."""

    branch: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """A row's squash commit is on the base, read back from the remote."""

    commit: str
    together: tuple[str, ...] = ()  # the rows that landed in one push, where there were several


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgeRaced:
    """The base moved in the same instant as the forge merged."""

    expected: str  # the base's tip that was verified
    commit: str  # what the forge made, on another one


@dataclass(frozen=True, kw_only=True, slots=True)
class WillConflict:
    """A row's branch does not go together with another live one."""

    other: str  # the other row
    files: tuple[str, ...]  # that both change


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """A verification step ended on a tree."""

    step: str
    ok: bool
    tree: str
    command: str | None = None  # a digest of what was run; None: written by an old version
    reason: str = ""
    seconds: float | None = None
    exit_code: int | None = None
    log: str | None = None
    together: tuple[str, ...] = ()  # the rows that the tree holds, where there are several


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentEnded:
    """An agent has finished its part of an attempt."""

    outcome: str  # an `agents.protocol.Outcome`
    denied: str = ""  # what its tool was not allowed to do, although it went on
    guess: str = ""  # why what it used is not known exactly; empty: it is
    answer: str = ""  # all that it said, where that is its work: of a row without a branch


@dataclass(frozen=True, kw_only=True, slots=True)
class NoLookup:
    """An agent works without the tools that tell how the mission stands."""

    agent: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _WithUsage:
    """Tokens and money, by the names of the attempts' columns."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None

    @property
    def usage(self) -> Usage:
        return Usage(
            input_tokens=self.input_tokens,
            cached_tokens=self.cached_tokens,
            output_tokens=self.output_tokens,
            cost_usd=self.cost_usd,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageBooked(_WithUsage):
    """A reviewer used tokens; they are booked with the attempt that it reviews."""

    reviewer: str
    guess: str = ""  # why that is not known exactly; empty: it is


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewMade(_WithUsage):
    """Another agent has reviewed the work."""

    chain: int  # rounds with the same number belong together
    head: str | None  # the commit that was reviewed
    reviewer: str
    verdict: str  # an `policy.review.ReviewVerdict`
    passed: bool
    text: str  # verdict and findings, for people and for the author
    answer: str  # the whole review, JSON
    tokens: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class NoReview:
    """A reviewer was asked and gave no review."""

    chain: int
    head: str | None
    reviewer: str
    outcome: str  # an `agents.protocol.Outcome`, or why its answer is none
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceFound:
    """One thing that an operation checked."""

    check: str
    found: str
    version: str = ""
    seconds: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestAnswered:
    """A person's request was applied, or refused with the reason."""

    request: int
    asked: str  # a `RequestKind`
    status: str | None = None
    note: str | None = None
    by: str
    error: str | None = None
    letter: str = ""  # the id of the letter that it came by; empty: it was asked here


@dataclass(frozen=True, kw_only=True, slots=True)
class PullOpened:
    """A pull request was opened or updated; or it has landed."""

    number: int
    url: str
    landed: str | None = None  # the commit that ended it


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueClosed:
    """A row's issue was closed on its forge."""

    number: int
    closed: bool  # False: it was closed already


@dataclass(frozen=True, kw_only=True, slots=True)
class MilestoneExpanded:
    """A placeholder was planned."""

    milestone: str
    rows: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusPublished:
    """The task file was committed on the base, or could not be."""

    ok: bool
    commit: str | None = None
    reason: str = ""  # why not


@dataclass(frozen=True, kw_only=True, slots=True)
class DoneBefore:
    """These rows were done when the runner came to the mission."""

    rows: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class WentOn:
    """This clone goes on with what another one had left on the remote."""

    host: str  # where that one's last run was; empty: it does not say
    rows: tuple[str, ...] = ()  # those of which it knew something new
    caught_up: bool = False  # whether file and branches here are as that one left them


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteAway:
    """The git remote cannot be reached, or can be again."""

    away: bool
    text: str  # for people


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckoutBehind:
    """The checkout cannot follow the base, or does again."""

    why: str = ""  # for people, with what to do; empty: it follows
    files: tuple[str, ...] = ()  # that stand in its way


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrandKeyed:
    """An errand is about to be given to the workers; asked with its key, they have it once."""

    key: str
    about: str | None = None  # for a review: what is reviewed
    commit: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrandSent:
    """An errand was given to the workers."""

    remote_run: str
    about: str | None = None  # for a review: what is reviewed
    commit: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkHeld:
    """A worker finished work that it could not push."""

    branch: str | None
    commit: str
    host: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DispatchBegan:
    """A run starts rows from here on."""

    slots: int  # how many at once
    all: bool  # False: only `rows`
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RowWaits:
    """What keeps a row, or a milestone to be planned, from going on, where only the run knows it;
    what the run said of it before is over."""

    on: str  # a `mission.waits.WaitsFor`; empty: nothing of that kind any more
    why: str = ""  # for people
    who: str = ""  # the provider, the reviewer, the budget's scope
    until: str | None = None  # ISO 8601, UTC: not longer than that


@dataclass(frozen=True, kw_only=True, slots=True)
class MergeAwaited:
    """A row's finished work waits for its turn to merge; turns come in the order of these."""

    branch: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ForecastMade:
    """As a run began, this was expected of the rows that it was for; people's time apart."""

    p50: float  # seconds until the last of them is done: so likely it takes no longer
    p80: float
    p95: float
    tokens: int  # new ones that they use from then on, at p80
    usd: float  # ... and what they cost, of agents whose price is known
    plays: int  # how often it was played
    seen: int  # attempts that it was learned from; 0: it was a guess
    rows: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterCame:
    """A request from another clone came through the remote, and was taken in."""

    letter: str  # its id
    asked: str  # a `RequestKind`
    by: str  # the author of its commit: name <address>
    requests: tuple[str, ...]  # the numbers of what it became in this journal
    signed: str = ""  # the principal of the key that signed it


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterAnswered:
    """A request from another clone was answered, here or by a clone before this one."""

    letter: str  # its id
    asked: str  # as it called what it asks for
    by: str  # the author of its commit: name <address>
    answer: str  # a `mission.answers.Answer` as JSON


@dataclass(frozen=True, kw_only=True, slots=True)
class NotifyBegan:
    """From here on a run has people told what happens."""

    to: tuple[str, ...]  # the receivers, by name


@dataclass(frozen=True, kw_only=True, slots=True)
class Noticed:
    """Something that people are to be told."""

    notice: str  # a `mission.notices.NoticeKind`
    key: str  # of the change of state that it is about
    title: str  # one line
    reason: str = ""
    command: str = ""  # what to type


@dataclass(frozen=True, kw_only=True, slots=True)
class FinishExpected:
    """When the mission will be done, as people can take it to be: they are told if it slips."""

    p80: str  # ISO 8601, UTC


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """How far a message to a receiver has come."""

    message: str  # its id: that of each try is the same
    to: str  # the receiver's name
    notices: tuple[str, ...]  # the keys of what is in it
    state: str  # a `policy.notifying.sending.MessageState`
    why: str = ""  # it did not arrive
    tries: int = 0  # that have ended


@dataclass(frozen=True, kw_only=True, slots=True)
class Other:
    """A word of somebody else: of a third party, or of a version that this one does not know."""

    kind: str
    data: Mapping[str, object] = field(default_factory=dict)  # JSON values


Happening = (
    StatusSet
    | GateAnswered
    | Pushed
    | BranchSetAside
    | BranchStays
    | Merged
    | ForgeRaced
    | WillConflict
    | Verified
    | AgentEnded
    | NoLookup
    | UsageBooked
    | ReviewMade
    | NoReview
    | EvidenceFound
    | RequestAnswered
    | PullOpened
    | IssueClosed
    | MilestoneExpanded
    | StatusPublished
    | DoneBefore
    | WentOn
    | RemoteAway
    | CheckoutBehind
    | ErrandKeyed
    | ErrandSent
    | WorkHeld
    | DispatchBegan
    | RowWaits
    | MergeAwaited
    | ForecastMade
    | LetterCame
    | LetterAnswered
    | NotifyBegan
    | Noticed
    | FinishExpected
    | Told
    | Other
)
H = TypeVar("H", bound=Happening)
