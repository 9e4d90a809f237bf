"""The process that tells people, driven here: what it says of a journal, and what becomes of it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.status_page import status_page
from errors import TaskFileError
from mission.clock import utc_now
from mission.config import NotifyConfig, parse_config
from mission.elsewhere import Claimed, Elsewhere, write_elsewhere
from mission.journal import Journal
from mission.journal.kinds import FinishExpected, NotifyBegan, StatusSet, Told
from mission.notices import NoticeKind
from mission.place import Place
from mission.plan import read_plan
from notifiers.protocol import Notifier, NotifierInMemory, Outgoing
from orchestrator.notifying.noting import note_deaths
from policy.notifying import sending
from service.builder import Standings
from service.notifying import outbox, plan_seen
from service.notifying import watcher as watching
from service.notifying.daily import digest_of
from service.notifying.outbox import Outbox
from service.notifying.settings import limits_of
from service.notifying.trying import send_digest
from service.notifying.watcher import Watcher
from tasks_md.holder import started
from tasks_md.model import Plan
from tests.command import run as mission_command
from tests.scratch import HEADER, row

DAY = timedelta(days=1)
SECRET = "sesame-open-the-door"
TO = {"type": "webhook", "shape": "slack", "address_env": "HOOK"}


@dataclass(kw_only=True)
class Scene:
    """A mission with one row, of which a run says what happens."""

    place: Place
    now: datetime = field(default_factory=lambda: utc_now() - timedelta(hours=1))
    runs: list[int] = field(default_factory=list)

    def journal(self) -> Journal:
        return Journal.open(self.place.journal_file, clock=lambda: self.now)

    def begin(self, to: tuple[str, ...] = ("chat",)) -> int:
        with self.journal() as journal:
            run = journal.start_run(
                mission="scratch",
                host=os.uname().nodename,
                pid=os.getpid(),
                pid_started=started(os.getpid()) or 0.0,
            )
            journal.in_run(run).record(NotifyBegan(to=to))
        self.runs.append(run)
        return run

    def say(self, status: str, reason: str = "") -> None:
        text = HEADER + row("A", status=status, notes=reason)
        self.place.task_file.write_text(text)
        with self.journal() as journal:
            what = StatusSet(old="in-progress", new=status, by="runner", reason=reason)
            journal.in_run(self.runs[-1]).record(what, task="A")

    def end(self, outcome: str = "ended") -> None:
        with self.journal() as journal:
            journal.end_run(self.runs[-1], outcome)

    def watch(self, notifiers: Mapping[str, Notifier], **more: object) -> None:
        """Until the last run is over, and all is told."""
        settings = {"together": "0s", "to": [{**TO, "name": name} for name in notifiers]}
        raw = {"notify": {**settings, **more}}
        config = parse_config(str(raw).encode())
        with Journal.open(self.place.journal_file) as journal:
            self.watcher(journal, config.notify, notifiers, raw).watch()

    def watcher(
        self,
        journal: Journal,
        notify: NotifyConfig,
        notifiers: Mapping[str, Notifier],
        raw: Mapping[str, object],
    ) -> Watcher:
        return Watcher(
            place=self.place,
            config=parse_config(str(raw).encode()),
            journal=journal.in_run(self.runs[-1]),
            outbox=Outbox(notifiers, limits_of(notify), redact=lambda text: text),
            redact=lambda text: text.replace(SECRET, "[secret]"),
            run=self.runs[-1],
        )


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    task_file = tmp_path / "plan" / "TASKS.md"
    task_file.parent.mkdir()
    task_file.write_text(HEADER + row("A"))
    place = Place.find(str(task_file))
    place.keep_state()
    return Scene(place=place)


def kinds(fake: NotifierInMemory) -> list[str]:
    return [str(event["event"]) for one in fake.told for event in one.events]


def test_what_happens_is_told_once_without_secrets(scene: Scene) -> None:
    fake = NotifierInMemory()
    scene.begin()
    scene.say("blocked", f"no key: {SECRET}")
    scene.end()
    scene.watch({"chat": fake})
    scene.watch({"chat": fake})
    assert sorted(kinds(fake)) == [NoticeKind.BLOCKED, NoticeKind.ENDED]
    assert SECRET not in str(fake.told)
    assert "[secret]" in str(fake.told)


def test_a_receiver_that_is_named_later_is_not_told_what_was_before(scene: Scene) -> None:
    first, second = NotifierInMemory(), NotifierInMemory()
    scene.begin()
    scene.say("blocked", "no key")
    scene.end()
    scene.watch({"chat": first})
    scene.now += timedelta(minutes=1)
    scene.begin(("chat", "phone"))
    scene.say("failed", "crashed")
    scene.end()
    scene.watch({"chat": first, "phone": second})
    assert NoticeKind.BLOCKED not in kinds(second)
    assert sorted(kinds(second)) == [NoticeKind.FAILED, NoticeKind.ENDED]


def test_who_was_not_told_is_shown_until_one_arrives(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = NotifierInMemory(refuses="chat.example answers 500")
    scene.begin()
    scene.say("blocked", "no key")
    scene.end()
    scene.watch({"chat": fake}, retry="0s")
    page = status_page(Standings(scene.place).current())
    assert "chat is not told what happens: chat.example answers 500" in page
    told = mission_command(capsys, "history", str(scene.place.task_file))
    assert "chat was not told (given up): chat.example answers 500" in " ".join(told.split())
    fake.refuses = ""
    scene.now += timedelta(minutes=1)
    scene.begin()
    scene.say("failed", "crashed")
    scene.end()
    scene.watch({"chat": fake})
    assert Standings(scene.place).current().untold == ()


class Bursts:
    """A notifier with a mistake in it."""

    def tell(self, message: Outgoing) -> None:
        raise ZeroDivisionError(message.id)


def test_a_notifier_with_a_mistake_in_it_costs_nobody_else(scene: Scene) -> None:
    fake = NotifierInMemory()
    scene.begin(("chat", "plugin"))
    scene.say("failed", "crashed")
    scene.end()
    scene.watch({"plugin": Bursts(), "chat": fake}, retry="0s")
    assert NoticeKind.FAILED in kinds(fake)
    (one,) = Standings(scene.place).current().untold
    assert (one.to, one.given_up) == ("plugin", True)
    assert one.why.startswith("ZeroDivisionError: msg_")


def test_a_forecast_that_slips_is_told_and_what_is_expected_is_kept(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_EXPECT_EVERY", 0.0)
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    hours = iter([0, 1, 5, 5])

    def finish(_place: Place) -> datetime | None:
        after = next(hours, None)
        if after is None:
            scene.end()
            return None
        return noon + timedelta(hours=after)

    fake = NotifierInMemory()
    scene.begin()
    raw = {"notify": {"together": "0s", "to": [{**TO, "name": "chat"}]}}
    config = parse_config(str(raw).encode())
    with Journal.open(scene.place.journal_file) as journal:
        one = scene.watcher(journal, config.notify, {"chat": fake}, raw)
        one.finish = finish
        one.watch()
        kept = [event.what.p80 for event in journal.events(FinishExpected)]
    (told,) = (event for message in fake.told for event in message.events)
    assert (told["event"], told["title"]) == (
        NoticeKind.SLIPPED,
        "The finish is expected 5h00m later",
    )
    assert kept == ["2026-03-02T12:00:00+00:00", "2026-03-02T17:00:00+00:00"]


def test_a_digest_is_sent_once_a_day(scene: Scene) -> None:
    fake = NotifierInMemory()
    scene.now -= 2 * DAY
    scene.begin()
    scene.say("blocked", "no key")
    scene.end()
    for _ in range(2):
        scene.watch({"chat": fake}, digest="00:00", zone="UTC")
    assert kinds(fake).count(NoticeKind.DIGEST) == 1
    text = "\n".join(one.words.text for one in fake.told)
    assert "Stuck (1):\nA blocked: no key\nType: mission unblock A" in text
    assert "Forecast: " in text


@pytest.mark.parametrize("last", [True, False])
def test_a_digest_is_sent_by_the_clone_that_ran_last(scene: Scene, last: bool) -> None:
    fake = NotifierInMemory()
    scene.now -= 2 * DAY
    scene.begin()
    scene.say("blocked", "no key")
    scene.end()
    if not last:
        write_elsewhere(
            scene.place,
            Elsewhere(looked=utc_now(), claim=Claimed(state="held", clone="another")),
        )
    scene.watch({"chat": fake}, digest="00:00", zone="UTC")
    assert kinds(fake).count(NoticeKind.DIGEST) == int(last)


def test_a_digest_that_was_sent_by_hand_is_that_days(scene: Scene) -> None:
    scene.now -= 2 * DAY
    scene.begin(("desk",))
    scene.say("blocked", "no key")
    scene.end()
    desk: dict[str, object] = {"type": "command", "name": "desk", "run": ["cat"]}
    notify = {"to": [desk], "digest": "00:00", "zone": "UTC"}
    scene.place.config_file.write_text(json.dumps({"notify": notify}))
    (sent,) = send_digest(scene.place, os.environ, digest_of(scene.place, scene.now, utc_now()))
    assert sent.ok
    fake = NotifierInMemory()
    scene.watch({"desk": fake}, digest="00:00", zone="UTC")
    assert NoticeKind.DIGEST not in kinds(fake)


def test_a_run_that_died_is_noted_before_its_end_is_written_down(scene: Scene) -> None:
    fake = NotifierInMemory()
    dead = scene.begin()
    with scene.journal() as journal:
        journal._database.rows("UPDATE runs SET pid_started = 1.0")
        note_deaths(journal)
        note_deaths(journal)
        journal.end_run(dead, "crashed")
    scene.begin()
    scene.end()
    scene.watch({"chat": fake})
    assert kinds(fake) == [NoticeKind.DIED]


@dataclass(kw_only=True)
class Slow:
    """A notifier that hangs at first."""

    then: Callable[[], None]  # what is so before it goes on
    told: list[Outgoing] = field(default_factory=list)

    def tell(self, message: Outgoing) -> None:
        self.told.append(message)
        if len(self.told) == 1:
            self.then()


def states(scene: Scene) -> list[str]:
    with scene.journal() as journal:
        return [one.what.state for one in journal.events(Told)]


def test_what_arrives_late_is_not_sent_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_GRACE", 0.0)
    monkeypatch.setattr(sending, "_FIRST_PAUSE", timedelta(0))

    def arrives() -> None:
        while states(scene).count("failed") < 2:
            time.sleep(0.05)  # what hangs is shown, and nothing goes out meanwhile

    slow = Slow(then=arrives)
    scene.begin()
    scene.say("blocked", "no key")
    scene.end()
    scene.watch({"chat": slow}, to=[{**TO, "name": "chat", "timeout": "1s"}])
    assert len(slow.told) == 1
    assert states(scene)[-1] == "sent"
    assert Standings(scene.place).current().untold == ()


def test_a_receiver_that_hangs_for_good_is_given_up_with_what_comes_after(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_GRACE", 0.0)
    for_good = threading.Event()

    def more() -> None:
        scene.say("failed", "crashed")
        scene.end()
        for_good.wait()

    slow = Slow(then=more)
    scene.begin()
    scene.say("blocked", "no key")
    scene.watch({"chat": slow}, to=[{**TO, "name": "chat", "timeout": "1s"}], retry="0s")
    for_good.set()
    (one,) = slow.told
    assert [event["event"] for event in one.events] == [NoticeKind.BLOCKED]
    assert states(scene).count("given-up") == 2
    (shown,) = Standings(scene.place).current().untold
    assert (shown.given_up, shown.why) == (True, "the last try still hangs")


def test_a_plan_that_somebody_is_editing_is_waited_for_and_read_when_it_changed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, looks = NotifierInMemory(), iter([False, False, True])
    at_last: list[Path] = []

    def read(place: Place) -> Plan:
        if not next(looks):  # it is read once, and no more
            raise TaskFileError("is being edited")
        at_last.append(place.task_file)
        return read_plan(place)

    monkeypatch.setattr(plan_seen, "read_plan", read)
    scene.begin()
    scene.say("blocked", "no key")
    os.utime(scene.place.task_file, (1, 1))
    scene.end()
    scene.watch({"chat": fake, "phone": fake})
    assert len(at_last) == 1
    assert NoticeKind.BLOCKED in kinds(fake)
