"""What the gates' tests hand in instead of time, chance and the outside world."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gates.protocol import GateRequest, GateState, GateVerdict, Purpose
from workspace.process import Stop

HEAD = "a" * 40
BASE = "b" * 40


@dataclass
class FakeClock:
    """A clock that only moves when somebody waits."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 4, 19, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def boottime(self) -> float:
        return self.monotonic()


class FakeStop(Stop):
    """A stop whose waiting moves a clock instead of sleeping."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.pauses: list[float] = []

    def wait(self, seconds: float | None = None) -> bool:
        assert seconds is not None
        self.pauses.append(seconds)
        self.clock.seconds = round(self.clock.seconds + seconds, 6)  # a timedelta's precision
        return self.requested


@dataclass
class ScriptedGate:
    """Says what it was told to say, the last answer for ever."""

    answers: list[GateVerdict]
    name: str = "scripted"
    asked: list[GateRequest] = field(default_factory=list)
    on_check: Callable[[], None] | None = None

    def check(self, request: GateRequest) -> GateVerdict:
        self.asked.append(request)
        if self.on_check:
            self.on_check()
        return self.answers[min(len(self.asked), len(self.answers)) - 1]

    @property
    def answered(self) -> list[GateVerdict]:
        return [self.answers[min(n, len(self.answers) - 1)] for n in range(len(self.asked))]


def verdict(
    state: GateState, *, commit: str | None = HEAD, retry_after: float | None = None
) -> GateVerdict:
    return GateVerdict(
        state=state,
        gate="scripted",
        detail=f"says {state}",
        commit=commit,
        retry_after=None if retry_after is None else timedelta(seconds=retry_after),
    )


def scripted(states: Iterable[GateState]) -> ScriptedGate:
    return ScriptedGate(answers=[verdict(state) for state in states])


def request(purpose: Purpose = Purpose.MERGE, commit: str | None = HEAD) -> GateRequest:
    return GateRequest(purpose=purpose, branch="feat/x", base="main", commit=commit)
