"""The queue guard over a forge whose state changes while it is waited for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import ForgeError, GateError, GateTimeoutError
from forges.errors import (
    CredentialsError,
    NotFoundError,
    RateLimitedError,
    UnreachableError,
    UnreadableAnswerError,
)
from forges.fake import FakeForge
from forges.reports import CiReport, CiState
from gates.case import QueuePolicy, Reason
from gates.protocol import GateRequest, GateState, GateVerdict, Purpose
from gates.queue_guard import QueueGuard
from gates.waiting import wait_until_clear
from tests.unit.gates.fakes import BASE, HEAD, FakeClock, FakeStop
from tests.unit.gates.test_judgement import report

S = CiState
OTHER = "c" * 40


def guard(fake: FakeForge, policy: QueuePolicy | None = None) -> tuple[QueueGuard, FakeStop]:
    clock = FakeClock()
    gate = QueueGuard(forge=fake, policy=policy or QueuePolicy(), clock=clock)
    return gate, FakeStop(clock)


def request(
    purpose: Purpose, commit: str | None = None, base_commit: str | None = None
) -> GateRequest:
    return GateRequest(
        purpose=purpose, branch="feat/x", base="main", commit=commit, base_commit=base_commit
    )


def wait(
    gate: QueueGuard, asked: GateRequest, stop: FakeStop, *, reads: int = 2, seconds: int = 600
) -> list[GateVerdict]:
    return wait_until_clear(
        [gate],
        asked,
        timeout=timedelta(seconds=seconds),
        interval=timedelta(seconds=10),
        stop=stop,
        clock=stop.clock,
        clear_reads=reads,
        chance=lambda: 0.5,
    )


def quiet() -> FakeForge:
    return FakeForge(
        branches={"main": BASE, "feat/x": HEAD},
        ci={HEAD: [report(S.GREEN)], BASE: [report(S.GREEN, commit=BASE)]},
    )


def test_green_is_clear_for_that_commit() -> None:
    gate, stop = guard(quiet())

    verdict = wait(gate, request(Purpose.MERGE, HEAD, BASE), stop)[0]

    assert verdict.commit == HEAD
    assert verdict.seen == (HEAD, BASE)
    assert verdict.reason is Reason.GREEN


def test_waits_for_a_first_report() -> None:
    fake = quiet()
    del fake.ci[HEAD]
    gate, stop = guard(fake)
    rounds = 0

    def before(method: str) -> None:
        nonlocal rounds
        rounds += method == "active"
        if rounds == 3:
            fake.ci[HEAD] = [report(S.GREEN)]

    fake.before = before

    wait(gate, request(Purpose.MERGE, HEAD), stop)

    assert rounds == 4


def test_never_registered_is_told_after_the_grace_time() -> None:
    fake = quiet()
    del fake.ci[HEAD]
    gate, stop = guard(fake)

    with pytest.raises(GateTimeoutError) as caught:
        wait(gate, request(Purpose.MERGE, HEAD), stop)

    assert caught.value.reason == Reason.NEVER_REGISTERED


def test_a_new_head_starts_a_new_grace_time() -> None:
    fake = quiet()
    gate, stop = guard(fake)
    gate.check(request(Purpose.MERGE))
    stop.clock.seconds = 10_000
    fake.branches["feat/x"] = OTHER

    assert gate.check(request(Purpose.MERGE)).reason == Reason.NOT_REGISTERED_YET


def test_no_ci_asks_for_commits_only() -> None:
    fake = FakeForge(branches={"main": BASE, "feat/x": HEAD})
    asked: list[str] = []
    fake.before = asked.append
    gate, stop = guard(fake, QueuePolicy(no_ci=True))

    assert wait(gate, request(Purpose.MERGE, HEAD, BASE), stop)[0].reason == Reason.NO_CI
    assert set(asked) == {"branch"}


def test_the_forges_proof_that_there_is_no_ci() -> None:
    fake = FakeForge(branches={"main": BASE, "feat/x": HEAD}, without_ci=True)
    gate, stop = guard(fake)

    assert wait(gate, request(Purpose.MERGE, HEAD), stop)[0].reason == Reason.NO_CI


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (UnreachableError("x"), GateState.UNKNOWN, Reason.UNREACHABLE),
        (CredentialsError("x", status=401), GateState.FAILED, Reason.REFUSED),
        (UnreadableAnswerError("x"), GateState.UNKNOWN, Reason.UNKNOWN),
        (NotFoundError("x", status=404), GateState.UNKNOWN, Reason.UNKNOWN),
        (RateLimitedError("x", retry_after=None), GateState.UNKNOWN, Reason.RATE_LIMITED),
    ],
)
@pytest.mark.parametrize("method", ["branch", "reports", "active"])
def test_errors_are_told_apart_and_never_clear(
    error: ForgeError, state: GateState, reason: Reason, method: str
) -> None:
    fake = quiet()
    gate, _ = guard(fake)

    def before(called: str) -> None:
        if called == method:
            raise error

    fake.before = before
    verdict = gate.check(request(Purpose.MERGE, HEAD))

    assert (verdict.state, verdict.reason) == (state, reason)


def test_a_rate_limit_is_waited_for_as_told() -> None:
    fake = quiet()
    gate, stop = guard(fake)
    errors = iter([RateLimitedError("x", retry_after=timedelta(seconds=77))])

    def before(_method: str) -> None:
        error = next(errors, None)
        if error:
            raise error

    fake.before = before
    wait(gate, request(Purpose.PUSH), stop)

    assert stop.pauses[0] == 77


def test_a_push_of_the_base_itself_reads_it_once() -> None:
    fake = quiet()
    asked: list[str] = []
    fake.before = asked.append
    gate, _ = guard(fake)

    verdict = gate.check(GateRequest(purpose=Purpose.PUSH, branch="main", base="main"))

    assert verdict.state is GateState.CLEAR
    assert asked.count("branch") == 1


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The forge's whole state for one round."""

    head: str | None
    base: str | None
    of_head: tuple[CiState, ...]
    of_base: tuple[CiState, ...]
    runs: tuple[CiState, ...]
    fails: str | None  # the method that has no answer

    def is_clear(self, purpose: Purpose, commit: str | None, base_commit: str | None) -> bool:
        """An oracle that was written without looking at the judge."""
        busy = {S.QUEUED, S.RUNNING, S.UNKNOWN}
        if self.fails or self.base is None or base_commit not in (None, self.base):
            return False
        if busy & {*self.of_base, *self.runs} or not self.of_base:
            return False
        if purpose is Purpose.PUSH:
            return self.head is None or (bool(self.of_head) and not busy & {*self.of_head})
        bad = busy | {S.RED, S.CANCELLED, S.HELD, S.STALE}
        right = self.head is not None and commit in (None, self.head)
        return right and S.GREEN in self.of_head and not bad & {*self.of_head}


states = st.lists(st.sampled_from(S), max_size=2).map(tuple)
# Mostly quiet, so that sequences do get to a clear end.
calm = st.just((S.GREEN,))
moments = st.builds(
    Moment,
    head=st.sampled_from([HEAD, HEAD, HEAD, OTHER, None]),
    base=st.sampled_from([BASE, BASE, BASE, OTHER, None]),
    of_head=calm | states,
    of_base=calm | states,
    runs=st.just(()) | states,
    fails=st.sampled_from([None, None, None, "branch", "reports", "active"]),
)


def _some(found: tuple[CiState, ...], commit: str) -> list[CiReport]:
    return [
        report(state, commit=commit, context=f"check {number}")
        for number, state in enumerate(found)
    ]


def _playing(moments: list[Moment], played: list[Moment]) -> Callable[[FakeForge], None]:
    """Makes a forge go from moment to moment; the last one stays."""

    def install(fake: FakeForge) -> None:
        def before(method: str) -> None:
            if method == "active":
                now = moments[min(len(played), len(moments) - 1)]
                played.append(now)
                named = {"main": now.base, "feat/x": now.head}
                fake.branches = {name: commit for name, commit in named.items() if commit}
                fake.ci = {}
                if now.base:
                    fake.ci[now.base] = _some(now.of_base, now.base)
                if now.head:
                    # Both may be the same commit: then it has the reports of both.
                    fake.ci.setdefault(now.head, []).extend(
                        report(state, commit=now.head, context=f"head {number}")
                        for number, state in enumerate(now.of_head)
                    )
                fake.runs = {"main": _some(now.runs, "d" * 40)}
            if played and played[-1].fails == method:
                raise UnreachableError("no answer")

        fake.before = before

    return install


@given(
    sequence=st.lists(moments, min_size=1, max_size=12),
    purpose=st.sampled_from(Purpose),
    commit=st.sampled_from([None, HEAD]),
    base_commit=st.sampled_from([None, BASE]),
    reads=st.integers(1, 3),
)
def test_clear_only_when_the_last_thing_read_was_clear(
    *,
    sequence: list[Moment],
    purpose: Purpose,
    commit: str | None,
    base_commit: str | None,
    reads: int,
) -> None:
    played: list[Moment] = []
    fake = FakeForge()
    _playing(sequence, played)(fake)
    gate, stop = guard(fake)
    try:
        verdicts = wait(gate, request(purpose, commit, base_commit), stop, reads=reads)
    except GateError:
        return
    assert verdicts[0].state is GateState.CLEAR
    assert len(played) >= reads
    for moment in played[-reads:]:
        same = moment.head is not None and moment.head == moment.base
        assert same or moment.is_clear(purpose, commit, base_commit)
    if reads > 1:
        assert len({(moment.head, moment.base) for moment in played[-reads:]}) == 1
