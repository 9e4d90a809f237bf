"""Requests that are left for the writer, without a console."""

from __future__ import annotations

import pytest

from errors import TaskFileError
from mission.journal import Journal, RequestKind
from mission.place import Place
from service.ask import Wish, answer, leave
from service.pausing import pause, unpause
from workspace.process import Stop


def wish(task: str) -> Wish:
    return Wish(kind=RequestKind.RETRY, task=task, note="with token=SECRET", by="ann@here")


def redact(text: str) -> str:
    return text.replace("SECRET", "[secret]")


def test_a_request_is_left_and_its_answer_comes_when_the_writer_gives_it(place: Place) -> None:
    number = leave(place, wish("A-2"), redact=redact)
    assert answer(place, number) is None
    assert place.wake_file.exists()
    with Journal.open(place.journal_file) as journal:
        (request,) = journal.pending_requests()
        assert (request.id, request.note) == (number, "with token=[secret]")
        journal.finish_request(number, "A-2 is not-started")
    answered = answer(place, number)
    assert answered is not None
    assert answered.error == "A-2 is not-started"


def test_nothing_is_left_for_a_row_that_is_not_there(place: Place) -> None:
    with pytest.raises(TaskFileError, match="no task 'A-9'"):
        leave(place, wish("A-9"), redact=redact)
    assert not place.journal_file.exists()


def test_a_number_that_never_was_has_no_answer(place: Place) -> None:
    with pytest.raises(KeyError):
        answer(place, 7)


def test_a_pause_wakes_whoever_waits_when_it_ends(place: Place) -> None:
    leave(place, wish("A-2"), redact=redact)
    place.wake_file.unlink()
    told: list[object] = []

    def hold(by: str) -> str:
        held = pause(place, by=by, reason="", stop=Stop(), on_left=told.append, on_away=told.append)
        return held.by

    def go_on() -> tuple[str, ...]:
        return unpause(place, stop=Stop(), on_left=told.append, on_away=told.append)

    assert [hold("ann"), hold("bob")] == ["ann", "ann"]
    assert len(go_on()) == 1
    assert place.wake_file.exists()
    assert go_on() == ()
    assert not told
