"""Whatever becomes of the process that keeps a record, the run hears of it once and goes on."""

from __future__ import annotations

import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.keeper_process import Keeper
from flows.messages import (
    Failed,
    JobBegan,
    JobEnded,
    Lack,
    Message,
    Named,
    Noted,
    Opening,
    OperationEnded,
    Over,
    RowsChanged,
    RunOver,
    packed,
    unpacked,
)
from workspace.process import Stop

NOW = datetime(2026, 5, 1, 12, 30, 15, 250, UTC)
OPENING = Opening(parameters={"path": ".", "tasks": None}, tags=("a",), title="M", logs="")
OVER = RunOver(word="Completed", message="")


def script(*answers: Message, then: str = "") -> tuple[str, ...]:
    """A keeper that answers so, whatever it is told."""
    lines = b"".join(map(packed, answers))
    code = f"import os, sys\nsys.stdout.buffer.write({lines!r})\nsys.stdout.flush()\n{then}"
    return (sys.executable, "-S", "-c", code)


def ask(command: tuple[str, ...]) -> tuple[tuple[str, ...] | None, list[str], Keeper]:
    """What the record lacks, and what was said of it."""
    said: list[str] = []
    keeper = Keeper(OPENING, say=said.append, stop=Stop(), command=command)
    keeper.begin()
    keeper.tell(JobBegan(at=NOW, task="A", name="A", tags=(), after=()))
    lack = keeper.lack()
    keeper.end(OVER)
    return lack, said, keeper


@pytest.mark.parametrize(
    "message",
    [
        OPENING,
        JobBegan(at=NOW, task="A", name="A #1", tags=("m", "é"), after=("B",)),
        JobEnded(at=NOW, task="A", bug="two\nlines"),
        OperationEnded(at=NOW, task="A", ok=True, word="w", evidence=({"check": "c"},)),
        RowsChanged(rows=({"milestone": "M1", "done": "0/1"},)),
        OVER,
    ],
)
def test_what_is_told_arrives(message: Message) -> None:
    line = packed(message)
    assert line.count(b"\n") == 1
    assert unpacked(line) == message


@pytest.mark.parametrize(
    "line", [b"", b"[]\n", b"{}\n", b'{"kind": "Popen"}\n', b'{"kind": "Named"}\n', b"{\n"]
)
def test_nothing_else_is_understood(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpacked(line)


def test_what_the_record_lacks_is_told() -> None:
    answers = (Noted(text="Starting"), Named(run="r1"), Lack(names=("A",)), Over(troubles=("t",)))
    lack, said, keeper = ask(script(*answers, then="sys.stdin.read()"))
    assert lack == ("A",)
    assert said == ["Starting", "Prefect's record of this run has gaps: t"]
    assert not keeper.lost


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (script(Failed(why="no server")), "no server"),
        (script(), "the process that keeps it ended with exit code 0"),
        (script(then="os._exit(3)"), "the process that keeps it ended with exit code 3"),
        (script(then="os.kill(0, 0); os.abort()"), "the process that keeps it was killed by"),
        (script(then="print('what?')"), "ValueError: what was told is no message"),
        (script(OVER), "ValueError: a keeper does not tell RunOver"),
        (("/there/is/none",), "No such file or directory"),
    ],
)
def test_a_keeper_that_is_gone_is_said_once(command: tuple[str, ...], why: str) -> None:
    lack, said, keeper = ask(command)
    assert lack is None
    (line,) = said
    assert line.startswith("Prefect keeps no record of this run: ")
    assert why in line
    assert keeper.lost


def test_one_that_says_nothing_is_not_waited_for_by_a_person_who_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flows.keeper_process._STOPPED_SECONDS", 0.0)
    stop, said = Stop(), list[str]()
    keeper = Keeper(OPENING, say=said.append, stop=stop, command=script(then="sys.stdin.read()"))
    keeper.begin()
    stop.request("Ctrl-C was pressed")
    assert keeper.lack() is None
    keeper.end(OVER)
    (line,) = said
    assert "was waited for" in line


def test_one_that_said_its_last_word_is_not_waited_for(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    answers = packed(Lack(names=())) + packed(Over(troubles=()))
    code = f"""import os, sys
gate = os.open({str(gate)!r}, os.O_RDWR)
sys.stdout.buffer.write({answers!r})
sys.stdout.flush()
os.read(gate, 1)
"""
    lack, said, keeper = ask((sys.executable, "-S", "-c", code))
    assert (lack, said, keeper.lost) == ((), [], False)
    still_there = os.open(gate, os.O_WRONLY | os.O_NONBLOCK)  # refused where nobody reads
    os.write(still_there, b"x")
    os.close(still_there)


def test_without_anything_to_record_nothing_is_begun() -> None:
    said: list[str] = []
    keeper = Keeper(OPENING, say=said.append, stop=Stop(), command=("/there/is/none",))
    keeper.end(OVER)
    assert (keeper.begun, said) == (False, [])


# Runs what follows it once the file is there.
ONCE = "import time\nwhile not os.path.exists({file!r}): time.sleep(0.01)\n"


def test_one_that_begins_to_speak_is_waited_for_from_then_on(tmp_path: Path) -> None:
    """Its flow run is there after 150 s: less than a server may take to start, and more than an
    answer may take from then on."""
    go, asked, named, now = tmp_path / "go", threading.Event(), threading.Event(), [0.0]

    def clock() -> float:
        if threading.current_thread().name == "keeper":
            assert asked.wait(60)
            now[0] = 150.0
        else:
            asked.set()
            if named.is_set():  # by now it was looked at whether to wait on
                go.touch()
        return now[0]

    last = packed(Lack(names=("A",))) + packed(Over(troubles=()))
    rest = f"{ONCE.format(file=str(go))}sys.stdout.buffer.write({last!r})\nsys.stdout.flush()"
    said: list[str] = []
    keeper = Keeper(
        OPENING,
        say=said.append,
        stop=Stop(),
        command=script(Named(run="r"), then=rest),
        monotonic=clock,
    )
    keeper.on_named = lambda _run: named.set()
    keeper.begin()
    assert keeper.lack() == ("A",)
    keeper.end(OVER)


def test_of_the_progress_that_waits_to_be_sent_only_the_newest_is(tmp_path: Path) -> None:
    """A keeper that reads nothing at first: an opening that no pipe holds keeps the sender."""
    go = tmp_path / "go"
    counts = (
        "import json\nrows = []\n"
        "for line in sys.stdin:\n"
        "    told = json.loads(line)\n"
        "    if told['kind'] == 'RowsChanged': rows.append(told['rows'][0]['done'])\n"
        "    if told['kind'] == 'LackAsked':\n"
        "        print(json.dumps({'kind': 'Lack', 'names': rows}), flush=True)\n"
        "    if told['kind'] == 'RunOver':\n"
        "        print(json.dumps({'kind': 'Over', 'troubles': []}), flush=True)\n"
    )
    opening = Opening(parameters={"path": "x" * 1_000_000}, tags=(), title="M", logs="")
    command = script(then=ONCE.format(file=str(go)) + counts)
    keeper = Keeper(opening, say=lambda _text: None, stop=Stop(), command=command)
    keeper.begin()
    for done in range(1000):
        keeper.tell(RowsChanged(rows=({"done": str(done)},)))
    go.touch()
    assert keeper.lack() == ("999",)
    keeper.tell(RowsChanged(rows=({"done": "1000"},)))
    assert keeper.lack() == ("999", "1000")
    keeper.end(OVER)


@pytest.mark.parametrize(
    "told",
    [
        (Failed(why="no answer from http://ann:hunter22@127.0.0.1:4200/api"),),
        (Noted(text="Asking http://ann:hunter22@127.0.0.1:4200/api"),),
        (Lack(names=()), Over(troubles=("hunter22 is no password",))),
    ],
)
def test_what_it_says_is_said_without_secrets(
    monkeypatch: pytest.MonkeyPatch, told: tuple[Message, ...]
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://ann:hunter22@127.0.0.1:4200/api")
    said = ask(script(*told))[1]
    assert any("[secret]" in line for line in said)
    assert not [line for line in said if "hunter22" in line]
