"""The waiting loop says clear only after an answer clear, and always ends in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import GateError, GateTimeoutError, StoppedError
from gates.protocol import GateState, GateVerdict
from gates.waiting import Waiting, wait_until_clear
from tests.unit.gates.fakes import (
    BASE,
    HEAD,
    FakeClock,
    FakeStop,
    ScriptedGate,
    request,
    scripted,
    verdict,
)

CLEAR, BUSY, FAILED, UNKNOWN = GateState


def wait(
    *gates: ScriptedGate,
    timeout: float = 600,
    interval: float = 10,
    clear_reads: int = 1,
    detach_on_busy: bool = False,
    stop: FakeStop | None = None,
    told: list[Waiting] | None = None,
) -> list[GateVerdict]:
    stop = stop or FakeStop(FakeClock())
    return wait_until_clear(
        gates,
        request(),
        timeout=timedelta(seconds=timeout),
        interval=timedelta(seconds=interval),
        stop=stop,
        clock=stop.clock,
        on_wait=(told if told is not None else []).append,
        clear_reads=clear_reads,
        detach_on_busy=detach_on_busy,
        chance=lambda: 0.5,
    )


def test_busy_then_clear_waits_once_and_says_for_what() -> None:
    told: list[Waiting] = []
    stop = FakeStop(FakeClock())

    verdicts = wait(scripted([BUSY, CLEAR]), stop=stop, told=told)

    assert [v.state for v in verdicts] == [CLEAR]
    assert stop.pauses == [10]
    assert told[0].verdict.detail == "says busy"
    assert told[0].since == FakeClock().now()
    assert told[0].pause == timedelta(seconds=10)


def test_pauses_grow_up_to_a_ceiling() -> None:
    stop = FakeStop(FakeClock())

    wait(scripted([BUSY] * 9 + [CLEAR]), stop=stop)

    assert stop.pauses[:3] == [10, 15, 22.5]
    assert stop.pauses[-1] == 60


def test_a_refusal_ends_the_wait_at_once() -> None:
    gate = scripted([BUSY, FAILED, CLEAR])

    with pytest.raises(GateError, match="refuses the merge: says failed") as caught:
        wait(gate)

    assert not isinstance(caught.value, GateTimeoutError)
    assert len(gate.asked) == 2


@pytest.mark.parametrize("state", [BUSY, UNKNOWN])
def test_time_runs_out_with_one_last_look(state: GateState) -> None:
    stop = FakeStop(FakeClock())

    with pytest.raises(GateTimeoutError, match=f"within 30s: {state}: says {state}"):
        wait(scripted([state]), timeout=30, stop=stop)

    assert stop.clock.seconds == 30
    assert stop.pauses == [10, 15, 5]


def test_no_time_asks_once() -> None:
    assert wait(scripted([CLEAR]), timeout=0)
    with pytest.raises(GateTimeoutError):
        wait(scripted([BUSY, CLEAR]), timeout=0)


def test_every_gate_must_be_clear_in_one_round() -> None:
    first = scripted([CLEAR, BUSY, CLEAR])
    second = scripted([BUSY, CLEAR])

    wait(first, second)

    # The second gate's late `clear` did not count for the first one's earlier round.
    assert len(first.asked) == 3
    assert len(second.asked) == 2


def test_clear_reads_in_a_row() -> None:
    gate = scripted([CLEAR, BUSY, CLEAR, CLEAR])

    wait(gate, clear_reads=2)

    assert len(gate.asked) == 4


def test_clear_reads_must_speak_of_one_commit() -> None:
    stop = FakeStop(FakeClock())
    gate = ScriptedGate(
        answers=[verdict(CLEAR, commit=c) for c in (HEAD, BASE, BASE)],
    )

    wait_until_clear(
        [gate],
        request(commit=None),
        timeout=timedelta(minutes=5),
        interval=timedelta(seconds=1),
        stop=stop,
        clock=stop.clock,
        clear_reads=2,
    )

    assert len(gate.asked) == 3


def test_clear_for_another_commit_is_not_clear() -> None:
    with pytest.raises(GateTimeoutError, match=f"for {BASE} and not for {HEAD}"):
        wait(ScriptedGate(answers=[verdict(CLEAR, commit=BASE)]), timeout=60)


def test_waits_as_long_as_it_is_told() -> None:
    stop = FakeStop(FakeClock())
    answers = [verdict(UNKNOWN, retry_after=90), verdict(CLEAR)]

    wait(ScriptedGate(answers=answers), stop=stop)

    assert stop.pauses == [90]


def test_does_not_ask_again_before_it_is_told_to() -> None:
    gate = ScriptedGate(answers=[verdict(UNKNOWN, retry_after=900), verdict(CLEAR)])

    with pytest.raises(GateTimeoutError) as caught:
        wait(gate, timeout=600)

    assert "0:15:00" in caught.value.hint
    assert len(gate.asked) == 1


def test_detaches_when_busy_but_not_when_unknown() -> None:
    gate = scripted([UNKNOWN, BUSY, CLEAR])

    with pytest.raises(GateTimeoutError, match="busy: says busy"):
        wait(gate, detach_on_busy=True)

    assert len(gate.asked) == 2


def test_a_stop_ends_the_wait() -> None:
    stop = FakeStop(FakeClock())
    gate = scripted([BUSY])
    gate.on_check = lambda: stop.request("Ctrl-C")

    with pytest.raises(StoppedError, match="Ctrl-C"):
        wait(gate, stop=stop)

    assert len(gate.asked) == 1


def test_gates_hear_how_much_time_is_left() -> None:
    gate = scripted([BUSY, CLEAR])

    wait(gate, timeout=600)

    assert [r.patience for r in gate.asked] == [timedelta(seconds=600), timedelta(seconds=590)]


def test_no_gates_are_clear() -> None:
    assert wait() == []


answers = st.builds(
    verdict,
    st.sampled_from(GateState),
    commit=st.sampled_from([HEAD, BASE, None]),
    retry_after=st.one_of(st.none(), st.floats(0, 200)),
)


@given(
    st.lists(st.lists(answers, min_size=1, max_size=12), min_size=1, max_size=3),
    st.integers(1, 3),
    st.integers(0, 400),
    st.booleans(),
)
def test_clear_only_when_the_last_answer_for_this_commit_was_clear(
    scripts: list[list[GateVerdict]], clear_reads: int, timeout: int, detach: bool
) -> None:
    gates = [ScriptedGate(answers=script) for script in scripts]
    stop = FakeStop(FakeClock())
    try:
        verdicts = wait(
            *gates, timeout=timeout, clear_reads=clear_reads, detach_on_busy=detach, stop=stop
        )
    except GateError:
        assert stop.clock.seconds <= timeout
        return
    assert len(verdicts) == len(gates)
    for gate, said in zip(gates, verdicts, strict=True):
        assert said is gate.answered[-1]
        # The last reads of every gate, as many as were asked for, were all clear for this commit.
        for answer in gate.answered[-clear_reads:]:
            assert answer.state is CLEAR
            assert answer.commit in (HEAD, None)
        assert len(gate.answered) >= clear_reads
