"""Events after a number, then as they come."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

from mission.journal import Event, Journal
from mission.journal.kinds import Happening, Pushed
from mission.place import Place
from service.follow import follow
from workspace.process import Stop


def pushed(commit: str) -> Pushed:
    return Pushed(branch="feat/1", commit=commit)


def at_once(_seconds: float) -> bool:
    """For who does not wait."""
    return True


def commits(events: Iterator[Event[Happening]]) -> list[str]:
    return [event.what.commit for event in events if isinstance(event.what, Pushed)]


def test_events_after_a_number_are_told_each_once_and_in_order(place: Place) -> None:
    with Journal.open(place.journal_file) as journal:
        numbers = [journal.record(pushed(str(n)), task=f"A-{n % 2}") for n in range(1200)]
    assert commits(follow(place, over=at_once)) == [str(n) for n in range(1200)]
    assert commits(follow(place, numbers[1196], over=at_once)) == ["1197", "1198", "1199"]
    assert commits(follow(place, numbers[1196], over=at_once, task="A-0")) == ["1198"]
    assert commits(follow(place, numbers[-1], over=at_once)) == []


def test_what_comes_later_is_told_as_it_comes_even_into_a_journal_that_was_not_there(
    place: Place,
) -> None:
    stop, told = Stop(), []
    waits = threading.Semaphore(0)

    def over(seconds: float) -> bool:
        waits.release()
        return stop.wait(seconds)

    def listen() -> None:
        for event in follow(place, over=over):
            told.append(event.id)
            if len(told) == 3:
                stop.request("enough")

    listener = threading.Thread(target=listen)
    listener.start()
    waits.acquire()  # it has seen that there is no journal
    with Journal.open(place.journal_file) as journal:
        numbers = [journal.record(pushed("1"))]
        waits.acquire()
        numbers += [journal.record(pushed(commit)) for commit in "23"]
        listener.join()
    assert told == numbers


def test_a_journal_that_is_begun_anew_is_followed_from_its_first_event(place: Place) -> None:
    with Journal.open(place.journal_file) as journal:
        for commit in "abc":
            journal.record(pushed(commit))
    steps = iter([False, True])

    def over(_seconds: float) -> bool:
        if place.journal_file.exists() and not moved:
            place.journal_file.unlink()
            moved.append(True)
            with Journal.open(place.journal_file) as journal:
                journal.record(pushed("new"))
        return next(steps)

    moved: list[bool] = []
    assert commits(follow(place, over=over)) == ["a", "b", "c", "new"]


def test_who_closes_the_stream_leaves_nothing_open(place: Place) -> None:
    with Journal.open(place.journal_file) as journal:
        for commit in "abc":
            journal.record(pushed(commit))
    with closing(follow(place, over=at_once)) as events:
        assert next(events).id == 1
    before = sorted(path.name for path in place.state_dir.iterdir())
    assert before == [place.journal_file.name, f"{place.journal_file.name}.reserve"]
