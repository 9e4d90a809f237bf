"""What is learned from the journal, and how forecasts held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from forecast.evidence import gather
from forecast.guesses import WEIGHT
from forecast.keeping import Foreseeing
from forecast.setting import WhatIf
from forecast.spread import Spread, shrunk_share
from forecast.staging import History, set_scene
from forecast.track import track_of
from mission.config import MissionConfig
from mission.journal import End, Journal, Step
from mission.journal.kinds import (
    AgentEnded,
    ForecastMade,
    GateAnswered,
    MergeAwaited,
    Merged,
    ReviewMade,
    RowWaits,
    StatusSet,
    Verified,
)
from mission.outcome import Outcome
from orchestrator.ports.foresight import RunOutset
from tasks_md.parse import parse
from tests.unit.forecast.scenes import WORKER
from tests.unit.orchestrator.in_memory import table


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 5, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def after(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def test_what_is_seen_is_shrunk_towards_what_was_expected() -> None:
    prior = Spread(mean=0.0, sd=0.7)
    told = prior.told([1.0] * 6)
    assert told.mean == pytest.approx((WEIGHT * 0.0 + 6 * 1.0) / (WEIGHT + 6))
    assert told.seen == 6
    assert told.doubt < prior.doubt
    assert prior.told([]) is prior
    assert prior.told([1.0] * 10_000).mean == pytest.approx(1.0, abs=0.001)
    assert shrunk_share(0.1, 0, 0) == 0.1


def test_a_row_tells_how_long_each_part_of_it_took() -> None:
    clock = Clock()
    journal = Journal.in_memory(clock=clock.now)
    attempt = journal.start_attempt(
        run=1, task="A", agent="worker", branch="f", base_commit=None, worktree=None, log=None,
        route="",
    ).id  # fmt: skip

    def told(what: object, seconds: float = 0.0) -> None:
        clock.after(seconds)
        journal.record(what, task="A", attempt=attempt)  # type: ignore[arg-type]

    clock.after(100)
    journal.advance_attempt(attempt, Step.ANSWERED, said=Outcome.SUCCESS, input_tokens=900)
    told(AgentEnded(outcome="success"))
    told(Verified(step="tests", ok=True, tree="t", seconds=30.0), 33)
    told(GateAnswered(gate="queue", purpose="push", state="busy"))
    told(GateAnswered(gate="queue", purpose="push", state="clear"), 50)
    told(MergeAwaited(branch="f"), 2)
    told(Verified(step="tests", ok=True, tree="u", seconds=20.0), 25)
    told(Merged(commit="c"), 10)
    journal.record(
        RowWaits(on="provider", who="acme", until=(clock.at + timedelta(hours=1)).isoformat()),
        task="B",
    )
    journal.end_attempt(attempt, End.SUCCESS)
    found = gather(journal.attempts(), journal.events())
    (worked,) = found.worked
    assert (worked.seconds, worked.tokens, worked.outcome) == (100, 900, Outcome.SUCCESS)
    assert found.deliveries == [5]  # 33 + 50 + 2 s, less 30 s of the step and 50 s of the gate
    assert found.steps == {"tests": [30, 20]}
    assert found.gates == {"push": [50]}
    assert found.landings == [15]
    assert found.branches == [True]
    assert found.squashes == [True]
    assert found.limits == {"acme": [3600]}


def test_a_rest_of_a_provider_is_seen_once_however_many_wait_for_it() -> None:
    clock = Clock()
    journal = Journal.in_memory(clock=clock.now)

    def waits(task: str, seconds: float) -> None:
        until = (clock.at + timedelta(seconds=seconds)).isoformat()
        journal.record(RowWaits(on="provider", who="acme", until=until), task=task)

    for number in range(10):
        waits(f"R-{number}", 18_000 - number)
        clock.after(1)
    clock.after(18_000)
    for number in range(1, 10):  # one row asks, the others wait for its answer
        waits(f"R-{number}", 60)
    clock.after(4_000)
    waits("R-1", 7_200)
    found = gather(journal.attempts(), journal.events())
    assert found.limits == {"acme": [18_000, 7_200]}


def test_what_reviews_cost_is_no_cost_of_the_work() -> None:
    journal = Journal.in_memory()
    attempt = journal.start_attempt(
        run=1, task="A", agent="worker", branch="f", base_commit=None, worktree=None, log=None,
        route="",
    ).id  # fmt: skip
    journal.record(AgentEnded(outcome="success"), task="A", attempt=attempt)
    journal.record(RowWaits(on="reviewer", who="judge"), task="A")
    journal.record(
        ReviewMade(
            chain=0, head="h", reviewer="judge", verdict="pass", passed=True, text="", answer="",
            tokens=500, input_tokens=500, cost_usd=4.0,
        ),
        task="A",
        attempt=attempt,
    )  # fmt: skip
    journal.advance_attempt(
        attempt, Step.ANSWERED, said=Outcome.SUCCESS, input_tokens=1_500, cost_usd=5.0
    )
    journal.end_attempt(attempt, End.SUCCESS)
    found = gather(journal.attempts(), journal.events())
    assert [(one.tokens, one.cost_usd) for one in found.worked] == [(1_000, 1.0)]
    assert [(one.tokens, one.cost_usd) for one in found.reviewed] == [(500, 4.0)]
    plan = parse(table(("B", "")))
    config = MissionConfig.model_validate(WORKER)
    history = History.of(journal, config, datetime(2026, 1, 5, tzinfo=UTC))
    made = set_scene(
        plan, config, history, alive=False, now=datetime(2026, 1, 5, tzinfo=UTC), what_if=WhatIf()
    )
    assert made.scene.courses["B"].stints["worker"].usd_per_token == pytest.approx(0.001)


def _set(old: str, new: str) -> StatusSet:
    return StatusSet(old=old, new=new, by="runner", reason="")


def test_the_record_counts_work_alone_and_tells_how_many_p80s_held() -> None:
    clock = Clock()
    journal = Journal.in_memory(clock=clock.now)
    plan = parse(table(("A", ""), status="done"))
    for p80 in (3_000.0, 300.0):
        run = journal.start_run(mission="m", host="h", pid=1, pid_started=0.0)
        made = ForecastMade(
            p50=100.0, p80=p80, p95=4_000.0, tokens=1, usd=0.0, plays=9, seen=0, rows=("A",)
        )
        journal.record(made, run=run)
        attempt = journal.start_attempt(
            run=run, task="A", agent="worker", branch="f", base_commit=None, worktree=None,
            log=None, route="",
        ).id  # fmt: skip
        clock.after(1_000)
        journal.end_attempt(attempt, End.NEEDS_QA)
        journal.record(
            StatusSet(old="in-progress", new="needs-qa", by="runner", reason=""), task="A"
        )
        clock.after(86_400)  # a person's day
        journal.record(StatusSet(old="needs-qa", new="done", by="runner", reason=""), task="A")
        journal.end_run(run, "done")
    track = track_of(plan, journal.attempts(), journal.events(), journal.runs())
    assert [one.actual for one in track.forecasts] == [1_000, 1_000]
    assert (track.held, track.of) == (1, 2)
    still_open = parse(table(("A", "")))
    track = track_of(still_open, journal.attempts(), journal.events(), journal.runs())
    assert (track.held, track.of) == (0, 0)


def test_the_record_counts_the_rows_of_the_forecast_and_when_they_were_first_done() -> None:
    clock = Clock()
    journal = Journal.in_memory(clock=clock.now)
    plan = parse(table(("A", ""), ("B", ""), status="done"))
    run = journal.start_run(mission="m", host="h", pid=1, pid_started=0.0)
    made = ForecastMade(
        p50=100.0, p80=300.0, p95=400.0, tokens=1, usd=0.0, plays=9, seen=0, rows=("A",)
    )
    journal.record(made, run=run)

    def carry_out(task: str, seconds: float) -> None:
        attempt = journal.start_attempt(
            run=run, task=task, agent="worker", branch="f", base_commit=None, worktree=None,
            log=None, route="",
        ).id  # fmt: skip
        clock.after(seconds)
        journal.end_attempt(attempt, End.SUCCESS)
        journal.record(_set("in-progress", "done"), task=task)

    carry_out("B", 5_000)  # nothing that was forecast
    carry_out("A", 200)
    journal.record(_set("done", "not-started"), task="A")
    carry_out("A", 5_000)  # a person wanted it anew
    journal.end_run(run, "done")
    track = track_of(plan, journal.attempts(), journal.events(), journal.runs())
    assert [one.actual for one in track.forecasts] == [200]
    assert (track.held, track.of) == (1, 1)


def test_what_some_plays_never_come_to_is_kept_no_forecast_of() -> None:
    journal = Journal.in_memory()
    outset = RunOutset(
        plan=parse(table(("A", ""), ("B", "C"), ("C", "B"))),
        config=MissionConfig.model_validate(WORKER),
        journal=journal,
        selected=None,
        slots=2,
        now=datetime(2026, 1, 5, tzinfo=UTC),
        say=lambda _text: None,
    )
    with Foreseeing(outset) as foreseeing:
        foreseeing.wait()
    (event,) = journal.events(ForecastMade)
    assert event.what.rows == ("A",)
    assert 0 < event.what.p95 < 1e6


def test_a_run_keeps_what_it_expects_as_it_begins() -> None:
    said: list[str] = []
    journal = Journal.in_memory()
    outset = RunOutset(
        plan=parse(table(("A", ""), ("B", "A"))),
        config=MissionConfig.model_validate(WORKER),
        journal=journal,
        selected=None,
        slots=2,
        now=datetime(2026, 1, 5, tzinfo=UTC),
        say=said.append,
    )
    with Foreseeing(outset) as foreseeing:
        foreseeing.wait()
    (event,) = journal.events(ForecastMade)
    assert event.what.rows == ("A", "B")
    assert 0 < event.what.p50 <= event.what.p80 <= event.what.p95
    assert event.what.seen == 0
    assert said == []


def test_a_run_for_nothing_expects_nothing() -> None:
    journal = Journal.in_memory()
    outset = RunOutset(
        plan=parse(table(("A", ""), ("B", "A"))),
        config=MissionConfig.model_validate(WORKER),
        journal=journal,
        selected=frozenset(),
        slots=2,
        now=datetime(2026, 1, 5, tzinfo=UTC),
        say=lambda _text: None,
    )
    with Foreseeing(outset):
        pass
    assert journal.events(ForecastMade) == []
