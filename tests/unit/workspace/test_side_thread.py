"""A thread beside the work dies before its owner's eyes."""

from __future__ import annotations

import threading

import pytest

from errors import GitError, MachineError
from workspace.side_thread import SideThread, cause


def test_work_that_ends_is_no_death() -> None:
    done, deaths = threading.Event(), list[BaseException]()
    thread = SideThread("side", done.set, on_death=deaths.append)
    thread.start()
    assert thread.join()
    assert (done.is_set(), thread.died, deaths) == (True, None, [])


@pytest.mark.parametrize("error", [RuntimeError("a bug"), SystemExit(1), OSError(24, "no more")])
def test_the_owner_is_told_of_what_it_died(error: BaseException) -> None:
    def work() -> None:
        raise error

    deaths: list[BaseException] = []
    thread = SideThread("side", work, on_death=deaths.append)
    thread.start()
    assert thread.join()
    assert deaths == [error]
    assert thread.died is error


def test_no_further_thread_is_a_death_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    deaths: list[BaseException] = []
    thread = SideThread("side", lambda: None, on_death=deaths.append)
    thread.start()
    (death,) = deaths
    assert isinstance(death, MachineError)
    assert death.message == "“side” got no thread: can't start new thread"
    assert thread.join(0.0)


def test_one_that_works_is_waited_for_as_long_as_asked() -> None:
    over = threading.Event()
    thread = SideThread("side", over.wait, on_death=lambda _: None)  # type: ignore[arg-type]  # its answer is nobody's
    thread.start()
    assert not thread.join(0.0)
    over.set()
    assert thread.join()


def test_a_cause_is_one_line() -> None:
    assert cause(RuntimeError("a\nbug")) == "RuntimeError: a bug"
    assert cause(KeyError()) == "KeyError"
    assert cause(GitError("refused", hint="ask")) == "refused"
    assert "\n" not in cause(OSError(24, "Too many open files", "x\ny"))
