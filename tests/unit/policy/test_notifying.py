"""Who is told what, and when: no change twice, none lost, quiet hours kept, whatever happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mission.journal import Event, Journal, Run
from mission.journal.kinds import GateAnswered, RowWaits, StatusSet, Told
from mission.notices import Notice, NoticeKind
from policy.budget import Amount, Cap, Scope
from policy.notifying.noticing import Milestone, Row, RunSeen, Seen, new, notices
from policy.notifying.sending import (
    MessageState,
    Next,
    Quiet,
    Receiver,
    Rules,
    Sent,
    message,
    newest,
    next_step,
)
from policy.notifying.slipping import is_expected_anew, slipped
from policy.notifying.troubles import Untold, untold
from policy.notifying.wording import words

T0 = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ALL = frozenset(NoticeKind)


def status(
    task: str, to: str, at: datetime, by: str = "runner", number: int = 5
) -> Event[StatusSet]:
    what = StatusSet(old="in-progress", new=to, by=by, reason="for a reason")
    return Event(id=number, at=at, run=1, task=task, attempt=None, what=what)


def run_of(**values: object) -> Run:
    given: dict[str, object] = {
        "id": 1,
        "mission": "m",
        "host": "here",
        "pid": 5,
        "pid_started": 1.0,
        "engine_run": None,
        "started": T0,
        "ended": None,
        "outcome": None,
    }
    return Run(**{**given, **values})  # type: ignore[arg-type]


def told(seen: Seen, now: datetime = T0 + MINUTE) -> list[Notice]:
    return new(notices(seen, now, gate_after=MINUTE), frozenset())


def test_a_row_that_waits_for_a_person_is_told_with_why_and_what_to_type() -> None:
    row = Row(task="A", status="blocked", notes="mine [mission: no key: mission doctor]")
    (one,) = told(Seen(since=5, rows=[row], statuses={"A": status("A", "blocked", T0)}))
    assert (one.kind, one.task, one.command) == (NoticeKind.BLOCKED, "A", "mission unblock A")
    assert one.reason == "no key: mission doctor mine"


def test_what_was_before_is_over_or_was_a_persons_word_is_not_told() -> None:
    row = Row(task="A", status="blocked")
    for event in (
        status("A", "blocked", T0, number=4),
        status("A", "failed", T0),
        status("A", "blocked", T0, by="person"),
        status("B", "blocked", T0),
    ):
        assert not told(Seen(since=5, rows=[row], statuses={str(event.task): event}))


def test_a_milestone_is_told_once_each_time_that_its_last_row_is_done() -> None:
    rows = [Row(task="A", status="done"), Row(task="B", status="done")]
    milestone = Milestone(id="M1", title="First", rows=("A", "B"))
    first = {"A": status("A", "done", T0)}
    again = {**first, "B": status("B", "done", T0 + MINUTE, number=6)}
    keys = set()
    for statuses in (first, again):
        (one,) = told(Seen(since=5, rows=rows, milestones=[milestone], statuses=statuses))
        assert (one.kind, one.title) == (NoticeKind.MILESTONE, "M1 is done: First")
        keys.add(one.key)
    assert len(keys) == 2
    left = [rows[0], Row(task="B", status="not-started")]
    assert not told(Seen(since=5, rows=left, milestones=[milestone], statuses=first))


def gate(state: str, at: datetime) -> Event[GateAnswered]:
    what = GateAnswered(gate="queue", purpose="merge", state=state, detail="HTTP 500")
    return Event(id=1, at=at, run=1, task="A", attempt=7, what=what)


def test_a_gate_that_cannot_find_out_is_told_after_a_while_and_once() -> None:
    with Journal.in_memory(clock=lambda: T0) as journal:
        run = journal.start_run(mission="m", host="here", pid=5, pid_started=1.0)
        started = journal.in_run(run).start_attempt(
            task="A",
            agent="worker",
            branch=None,
            base_commit=None,
            worktree=None,
            log=None,
            route="",
        )
    attempt = replace(started, id=7)

    def seen(*answers: Event[GateAnswered]) -> Seen:
        return Seen(since=5, attempts=[attempt], gates={7: answers})

    lasting = [gate("unknown", T0 + n * MINUTE / 4) for n in range(8)]
    assert not told(seen(*lasting[:3]), T0 + MINUTE / 2)
    (one,) = told(seen(*lasting), T0 + 2 * MINUTE)
    assert one.kind is NoticeKind.GATE
    assert one.reason == "HTTP 500"
    (later,) = told(seen(*lasting), T0 + 9 * MINUTE)
    assert later.key == one.key
    assert not told(seen(*lasting, gate("busy", T0 + 2 * MINUTE)), T0 + 9 * MINUTE)


@pytest.mark.parametrize(
    ("used", "words_"),
    [
        (79, []),
        (80, ["budget.run.tokens is spent to 80%"]),
        (100, ["budget.run.tokens is reached"]),
    ],
)
def test_a_limit_is_told_at_four_fifths_and_when_it_is_reached(
    used: int, words_: list[str]
) -> None:
    seen = Seen(
        since=5,
        limits={Scope.RUN: Cap(tokens=100), Scope.DAY: Cap()},
        spent={Scope.RUN: Amount(tokens=used)},
    )
    assert [one.title for one in told(seen)] == words_


def test_what_the_budget_refuses_is_told_once_for_each_scope_and_run() -> None:
    wait = RowWaits(on="budget", why="A would bring this run to 9 of 8 tokens", who="run")
    waits = {
        task: Event(id=5, at=T0, run=1, task=task, attempt=None, what=wait) for task in ("A", "B")
    }
    (one,) = told(Seen(since=5, waits=waits, runs=[RunSeen(run=run_of(), alive=True, did=True)]))
    assert one.reason == wait.why


def test_a_run_that_is_gone_without_an_end_died_and_one_that_did_nothing_is_not_told() -> None:
    ended = run_of(ended=T0 + MINUTE, outcome="ended")
    for run, alive, did, kinds in (
        (run_of(), True, True, []),
        (run_of(), False, False, [NoticeKind.DIED]),
        (ended, False, True, [NoticeKind.ENDED]),
        (ended, False, False, []),
    ):
        seen = Seen(since=5, runs=[RunSeen(run=run, alive=alive, did=did)])
        assert [one.kind for one in told(seen)] == kinds


QUIET = Quiet(
    begins=time(22), ends=time(7), zone=ZoneInfo("Europe/Berlin"), told=frozenset({NoticeKind.DIED})
)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-03-02T20:59:59+00:00", None),
        ("2026-03-02T21:00:00+00:00", "2026-03-03T06:00:00+00:00"),
        ("2026-03-03T05:59:59+00:00", "2026-03-03T06:00:00+00:00"),
        ("2026-03-03T06:00:00+00:00", None),
        ("2026-03-28T23:30:00+00:00", "2026-03-29T05:00:00+00:00"),  # the clocks go forward
    ],
)
def test_quiet_hours_are_those_of_their_zone(at: str, until: str | None) -> None:
    found = QUIET.until(datetime.fromisoformat(at))
    assert found == (None if until is None else datetime.fromisoformat(until))


# One receiver, over a day: things happen, its sender is killed, the receiver is away.
STEP = timedelta(minutes=2)
_MOMENTS = st.lists(
    st.tuples(
        st.sampled_from([NoticeKind.DIED, NoticeKind.ENDED, NoticeKind.BLOCKED, NoticeKind.BUDGET]),
        st.integers(0, 700),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(
    happens=_MOMENTS,
    away=st.sets(st.integers(0, 719), max_size=40),
    killed_before=st.sets(st.integers(0, 719), max_size=40),
    killed_after=st.sets(st.integers(0, 719), max_size=40),
    passing=st.booleans(),
)
def test_whatever_happens_each_change_is_told_once_and_in_its_time(
    happens: list[tuple[NoticeKind, int]],
    away: set[int],
    killed_before: set[int],
    killed_after: set[int],
    passing: bool,
) -> None:
    rules = Rules(together=timedelta(minutes=3), retry=timedelta(days=2), quiet=QUIET)
    receiver = Receiver(name="chat", kinds=ALL - {NoticeKind.BUDGET}, since=0)
    noticed: list[Notice] = []
    words_: list[Sent] = []
    arrived: list[tuple[str, tuple[str, ...], int]] = []
    last = 0

    def say(step: Next, state: MessageState, tries: int, now: datetime) -> None:
        what = step.send
        assert what is not None
        said = Sent(
            id=what.id, to="chat", keys=what.keys, state=state, at=now, begun=now, tries=tries
        )
        words_.append(said)

    for turn in range(1440):
        now = T0 + turn * STEP
        noticed += [
            Notice(kind=kind, key=f"{number}", title="t", at=now)
            for number, (kind, at) in enumerate(happens)
            if at == turn
        ]
        keys = frozenset(one.key for one in noticed)
        step = next_step(receiver, noticed, newest(words_), now, rules=rules, holds=keys)
        assert step.give_up is None
        if step.send is None:
            continue
        last = turn
        its = step.send.notices
        assert len(step.send.keys) == len(set(step.send.keys))
        if QUIET.until(now) is not None:
            assert any(one.kind is NoticeKind.DIED for one in its)
        if not any(one.state == "sending" and one.id == step.send.id for one in words_):
            say(step, MessageState.SENDING, step.send.tries, now)
        if turn in killed_before:
            continue
        if turn in away:
            say(step, MessageState.FAILED, step.send.tries + 1, now)
            continue
        arrived.append((step.send.id, step.send.keys, turn))
        if turn not in killed_after:
            say(step, MessageState.SENT, step.send.tries + 1, now)
    wanted = {str(n) for n, (kind, _) in enumerate(happens) if kind is not NoticeKind.BUDGET}
    by_message = {message: its for message, its, _ in arrived}
    told_keys = [key for its in by_message.values() for key in its]
    assert sorted(told_keys) == sorted(wanted)  # each in one message, and none is lost
    repeated = len(arrived) - len(by_message)
    assert repeated <= len(killed_after)  # the same message again, only where nobody knew
    assert last < 1440


def test_what_is_over_before_it_is_sent_is_told_nobody() -> None:
    one = Notice(kind=NoticeKind.BLOCKED, key="k", title="t", at=T0)
    receiver = Receiver(name="chat", kinds=ALL, since=0)
    later = T0 + MINUTE
    assert next_step(receiver, [one], [], later, rules=Rules(), holds=frozenset()).over == (one,)
    step = next_step(receiver, [one], [], later, rules=Rules(), holds=frozenset({"k"}))
    assert step.send is not None


def test_what_another_clone_was_about_to_send_is_not_sent_again() -> None:
    one = Notice(kind=NoticeKind.ENDED, key="k", title="t", at=T0)
    receiver = Receiver(name="chat", kinds=ALL, since=0)
    theirs = Sent(id="m", to="chat", keys=("k",), state="sending", at=T0, begun=T0, here=False)
    now = T0 + MINUTE
    assert next_step(receiver, [one], [theirs], now, rules=Rules()).idle
    ours = replace(theirs, here=True)
    assert next_step(receiver, [one], [ours], now, rules=Rules()).send is not None


def at_once(
    *said: tuple[str, datetime],
    now: datetime,
    rules: Rules | None = None,
    kind: NoticeKind = NoticeKind.ENDED,
    here: bool = True,
    holds: frozenset[str] = frozenset(),
) -> Next:
    """What is to be done after words about a message, each with its time."""
    one = Notice(kind=kind, key="k", title="t", at=T0)
    receiver = Receiver(name="chat", kinds=ALL, since=0)
    words_, tries = [], 0
    for state, at in said:
        tries += state == "failed"
        its = message("chat", [one])
        words_.append(
            Sent(
                id=its.id,
                to="chat",
                keys=("k",),
                state=state,
                at=at,
                begun=at,
                tries=tries,
                here=here,
            )
        )
    return next_step(receiver, [one], newest(words_), now, rules=rules or Rules(), holds=holds)


def test_a_message_that_does_not_arrive_is_given_up_in_the_end() -> None:
    first = ("failed", T0)
    assert at_once(first, now=T0 + MINUTE / 10).wait == T0 + timedelta(seconds=10)
    assert at_once(first, now=T0 + MINUTE).send is not None
    last = ("failed", T0 + timedelta(hours=1))
    late = at_once(first, last, now=T0 + timedelta(hours=2))
    assert late.give_up is not None
    once = at_once(first, now=T0, rules=Rules(retry=timedelta(0)))
    assert once.give_up is not None


def test_quiet_hours_do_not_count_as_time_in_which_it_was_tried() -> None:
    rules, evening = Rules(quiet=QUIET), T0.replace(hour=20, minute=58)
    first, sending = ("failed", evening), ("sending", evening - MINUTE)
    morning = datetime.fromisoformat("2026-03-03T06:00:00+00:00")
    night = at_once(sending, first, now=morning - MINUTE, rules=rules)
    assert night.wait == morning
    assert at_once(sending, first, now=morning, rules=rules).send is not None
    again = ("failed", morning + MINUTE)
    assert at_once(sending, first, again, now=morning + 9 * MINUTE, rules=rules).send is not None
    last = ("failed", morning + timedelta(hours=1))
    assert at_once(sending, first, last, now=morning + DAY, rules=rules).give_up is not None


@given(st.integers(0, 4000), st.integers(0, 4000))
def test_quiet_time_is_as_long_as_minutes_tell(begin: int, minutes: int) -> None:
    since = datetime(2026, 3, 27, tzinfo=UTC) + begin * MINUTE  # the clocks go forward on the 29th
    counted = sum(QUIET.until(since + n * MINUTE) is not None for n in range(minutes))
    assert QUIET.within(since, since + minutes * MINUTE) == counted * MINUTE


def test_what_a_machine_left_that_was_off_for_days_is_tried_once_more_if_it_is_still_so() -> None:
    monday = T0 + 3 * DAY
    for said in ([("sending", T0)], [("sending", T0), ("failed", T0 + MINUTE)]):
        assert at_once(*said, now=monday).send is not None
        gone = at_once(*said, now=monday, kind=NoticeKind.BLOCKED)
        assert gone.over
        so = at_once(*said, now=monday, kind=NoticeKind.BLOCKED, holds=frozenset("k"))
        assert so.send is not None
    days = Rules(retry=5 * DAY)
    tried = [("failed", T0), ("failed", T0 + 2 * DAY)]
    assert at_once(*tried, now=monday, rules=days).send is not None


@pytest.mark.parametrize(
    ("state", "is_told"),
    [
        ("sending", False),
        ("sent", False),
        ("over", False),
        ("of a newer version", False),
        ("failed", True),
        ("given-up", True),
    ],
)
def test_what_another_clone_sent_in_vain_is_told_here(state: str, is_told: bool) -> None:
    step = at_once((state, T0), now=T0 + MINUTE, here=False)
    assert (step.send is not None) == is_told


def test_a_word_that_nobody_sends_is_no_message() -> None:
    receiver = Receiver(name="chat", kinds=ALL, since=0)
    said = Sent(id="watcher-1", to="chat", keys=(), state="failed", at=T0, begun=T0)
    assert next_step(receiver, [], [said], T0 + DAY, rules=Rules()).idle


def test_text_of_others_is_one_line_that_calls_nobody() -> None:
    one = Notice(
        kind=NoticeKind.FAILED, key="k", title="A\r\nBcc: x", reason="see @channel\u202e \x1b[31m"
    )
    made = words([one], "m\nn", lambda _: "")
    assert "\n" not in made.title
    assert made.title == "Failed: A Bcc: x (m n)"
    assert made.text == "see @\u200bchannel [31m"


@given(st.lists(st.text(max_size=500), min_size=1, max_size=60))
def test_a_message_is_bounded_whatever_others_wrote(texts: list[str]) -> None:
    its = [
        Notice(kind=NoticeKind.BLOCKED, key=str(n), title=text, reason=text, command=text)
        for n, text in enumerate(texts)
    ]
    made = words(its, texts[0], lambda task: "")
    assert made.title.splitlines() == [made.title]
    assert len(made.title) < 250
    assert len(made.text) < 20_000


def test_a_clock_that_is_set_back_holds_nothing_up() -> None:
    one = Notice(kind=NoticeKind.ENDED, key="k", title="t", at=T0, number=7)
    receiver = Receiver(name="chat", kinds=ALL, since=7)
    before = T0 - timedelta(days=1)
    assert next_step(receiver, [one], [], before, rules=Rules()).send is not None
    failed = Sent(id="m", to="chat", keys=("k",), state="failed", at=T0, begun=T0, tries=1)
    assert next_step(receiver, [one], [failed], before, rules=Rules()).send is not None
    later = replace(receiver, since=8)
    assert next_step(later, [one], [], T0 + MINUTE, rules=Rules()).idle


def told_of(state: str, minutes: int, why: str = "") -> Event[Told]:
    what = Told(message="m", to="chat", notices=("k",), state=state, why=why)
    return Event(id=minutes, at=T0 + minutes * MINUTE, run=1, task=None, attempt=None, what=what)


def test_who_is_not_told_is_known_until_a_message_arrives() -> None:
    events = [told_of("sending", 1), told_of("failed", 2, "first"), told_of("failed", 3, "then")]
    wanted = Untold(to="chat", since=T0 + 2 * MINUTE, why="then", given_up=False)
    assert untold(events, ["chat"]) == (wanted,)
    assert untold(events, ["phone"]) == ()
    given_up = [*events, told_of("given-up", 4, "then")]
    assert untold(given_up, ["chat"]) == (replace(wanted, given_up=True),)
    assert untold([*given_up, told_of("sent", 5)], ["chat"]) == ()


def test_a_finish_that_slips_is_told_from_what_was_expected() -> None:
    by = timedelta(hours=4)
    assert slipped(None, T0, by) is None
    assert is_expected_anew(None, T0, by)
    assert slipped(T0, T0 + by - MINUTE, by) is None
    assert not is_expected_anew(T0, T0 + by - MINUTE, by)
    one = slipped(T0, T0 + by, by)
    assert one is not None
    assert one.reason == "p80 is 2026-03-02 16:00 UTC now; it was 2026-03-02 12:00 UTC"
    assert slipped(T0, T0 - by, by) is None
    assert is_expected_anew(T0, T0 - by, by)  # sooner: later is later than that from now on
