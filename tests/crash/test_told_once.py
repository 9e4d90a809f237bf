"""People are told once of each change, whoever is killed in between: the run, or who tells."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mission.journal.kinds import Noticed, Told
from mission.notices import NoticeKind
from mission.place import Place
from tests.receivers import WebReceiver, web_receiver
from tests.scratch import Scratch, make, row

# A is done at once; B begins, says so, and waits for as long as nobody opens.
WORKER = """
import os, pathlib
task = os.environ["MISSION_TASK"]
here = pathlib.Path({folder!r})
if task == "B" and not (here / "open").exists():
    (here / "begun").write_text("B")
    (here / "never").read_text()
pathlib.Path(f"{{task}}.txt").write_text(f"work of {{task}}\\n")
"""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebReceiver]:
    with web_receiver() as one:
        monkeypatch.setenv("HOOK", one.url())
        monkeypatch.setenv("HOOK_SECRET", "sesame-open-the-door-for-me")
        yield one


def mission(folder: Path, **notify: object) -> Scratch:
    for name in ("never", "begun"):
        os.mkfifo(folder / name)
    hook = {"type": "webhook", "address_env": "HOOK", "secret_env": "HOOK_SECRET"}
    config: dict[str, object] = {
        "notify": {"together": "0s", "to": [hook], **notify},
        "qa": [{"match": {"id": "A"}}],
        "claim": {"sign": "1s", "take_over": "2s", "lapse": "2s"},
    }
    return make(
        folder, [row("A"), row("B")], config=config, worker=WORKER.format(folder=str(folder))
    )


def begun(scratch: Scratch) -> subprocess.Popen[bytes]:
    """A run that is at B."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.runner", str(scratch.task_file)],
        start_new_session=True,
    )
    (scratch.top.parent / "begun").read_text()
    return process


def kill(scratch: Scratch, process: subprocess.Popen[bytes]) -> None:
    """The run, as a machine's out-of-memory killer would; its agent ends with it."""
    process.kill()
    process.wait()
    (scratch.top.parent / "open").touch()
    (scratch.top.parent / "never").unlink()


def watchers(scratch: Scratch) -> list[int]:
    """The processes that tell people of the mission."""
    words = os.fsencode(f"watch\0{scratch.task_file}\0")
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if words in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def wait_for(holds: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def noted(scratch: Scratch, state: str) -> list[str]:
    """The messages that were ever in a state."""
    with scratch.journal() as journal:
        return [one.what.message for one in journal.events(Told) if one.what.state == state]


def test_a_run_that_is_killed_is_told_once_and_so_is_all_else(
    tmp_path: Path, receiver: WebReceiver
) -> None:
    scratch = mission(tmp_path)
    process = begun(scratch)
    receiver.wait(lambda _: NoticeKind.NEEDS_YOU in receiver.kinds())
    kill(scratch, process)
    receiver.wait(lambda _: NoticeKind.DIED in receiver.kinds())
    wait_for(lambda: not watchers(scratch))
    assert sorted(receiver.kinds()) == [NoticeKind.NEEDS_YOU, NoticeKind.DIED]
    assert scratch.run().needs_qa == ("A",)
    receiver.wait(lambda _: NoticeKind.ENDED in receiver.kinds())
    wait_for(lambda: not watchers(scratch))
    assert sorted(receiver.kinds()) == [NoticeKind.NEEDS_YOU, NoticeKind.DIED, NoticeKind.ENDED]
    assert len(set(receiver.keys())) == 3


def test_who_tells_is_killed_before_and_while_it_does(
    tmp_path: Path, receiver: WebReceiver
) -> None:
    scratch = mission(tmp_path)
    receiver.hangs.clear()
    process = begun(scratch)
    receiver.wait(lambda posted: len(posted) == 1)  # it has the message, and has not said so
    (first,) = watchers(scratch)
    os.kill(first, signal.SIGKILL)
    receiver.hangs.set()
    receiver.wait(lambda posted: len(posted) == 2)  # the run had another one begun
    wait_for(lambda: bool(noted(scratch, "sent")))
    one, again = receiver.posted
    assert one.headers["webhook-id"] == again.headers["webhook-id"]  # so that it is left alone
    assert one.data["events"] == again.data["events"]
    kill(scratch, process)
    receiver.wait(lambda _: NoticeKind.DIED in receiver.kinds())
    wait_for(lambda: not watchers(scratch))
    assert receiver.kinds().count(NoticeKind.DIED) == 1


def test_both_are_killed_between_the_journal_and_the_message(
    tmp_path: Path, receiver: WebReceiver
) -> None:
    scratch = mission(tmp_path, together="1h")
    process = begun(scratch)

    def is_noted() -> bool:
        with scratch.journal() as journal:
            return bool(journal.events(Noticed))

    wait_for(is_noted)
    os.kill(process.pid, signal.SIGSTOP)  # it begins no other one
    for one in watchers(scratch):
        os.kill(one, signal.SIGKILL)
    kill(scratch, process)
    assert not receiver.posted
    settings = scratch.task_file.with_name("mission.yaml")
    settings.write_text(settings.read_text().replace("together: 1h", "together: 0s"))
    assert scratch.run().needs_qa == ("A",)
    receiver.wait(lambda _: NoticeKind.ENDED in receiver.kinds())
    wait_for(lambda: not watchers(scratch))
    wanted = [NoticeKind.NEEDS_YOU, NoticeKind.DIED, NoticeKind.ENDED]
    assert sorted(receiver.kinds()) == wanted


def test_a_receiver_that_hangs_holds_up_neither_the_run_nor_another(
    tmp_path: Path, receiver: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web_receiver() as slow:
        monkeypatch.setenv("SLOW", slow.url())
        slow.hangs.clear()
        secret = {"type": "webhook", "secret_env": "HOOK_SECRET"}
        to = [
            {**secret, "name": "slow", "address_env": "SLOW", "timeout": "1m"},
            {**secret, "name": "hook", "address_env": "HOOK"},
        ]
        scratch = mission(tmp_path, to=to)
        (tmp_path / "open").touch()
        assert scratch.run().needs_qa == ("A",)  # it ends while that one hangs
        receiver.wait(lambda _: NoticeKind.ENDED in receiver.kinds())
        slow.wait(lambda posted: len(posted) == 1)
        slow.hangs.set()
        slow.wait(lambda _: NoticeKind.ENDED in slow.kinds())
        wait_for(lambda: not watchers(scratch))
        assert sorted(slow.kinds()) == sorted(receiver.kinds())
        assert len(slow.keys()) == len(set(slow.keys()))


def test_another_clone_that_goes_on_tells_nothing_again(
    tmp_path: Path, receiver: WebReceiver
) -> None:
    from tests.integration.orchestrator.test_another_clone import cloned  # noqa: PLC0415

    scratch = mission(tmp_path)
    process = begun(scratch)
    receiver.wait(lambda _: NoticeKind.NEEDS_YOU in receiver.kinds())
    os.kill(process.pid, signal.SIGSTOP)
    for one in watchers(scratch):  # the machine is lost, at the worst moment: right after
        os.kill(one, signal.SIGKILL)
    kill(scratch, process)
    other = cloned(scratch, "other")
    assert other.run().needs_qa == ("A",)
    receiver.wait(lambda _: NoticeKind.ENDED in receiver.kinds())
    wait_for(lambda: not watchers(other))
    assert receiver.kinds().count(NoticeKind.NEEDS_YOU) == 1
    place = Place.find(str(other.task_file))
    assert (place.state_dir / "notify.log").read_text() == ""
