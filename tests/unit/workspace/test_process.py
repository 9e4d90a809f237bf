"""Child processes: real ones, small ones."""

from __future__ import annotations

import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from errors import ProcessError
from tests.conftest import requires
from workspace.git_environment import git_environment
from workspace.process import ProcessEnd, ProcessSpec, Stop, allowed_environment, run_process
from workspace.supervisor import MARK

SHORT = timedelta(seconds=0.2)
LONG = timedelta(seconds=60)  # for a program to start in, which a busy machine may put off


def run(tmp_path: Path, *argv: str, stop: Stop | None = None, **more: Any) -> ProcessEnd:
    spec = ProcessSpec(
        argv=argv,
        cwd=tmp_path,
        environment=allowed_environment(),
        grace=SHORT,
        **more,
    )
    return run_process(spec, stop or Stop())


def test_exit_code_output_log_and_tail(tmp_path: Path) -> None:
    lines: list[tuple[str, bytes]] = []
    log = tmp_path / "logs" / "attempt.log"
    end = run(
        tmp_path,
        "sh",
        "-c",
        "echo one; echo two >&2; printf three; exit 7",
        log=log,
        on_line=lambda stream, line: lines.append((stream, line)),
    )
    assert (end.exit_code, end.signal, end.ended_by, end.ok) == (7, None, "exit", False)
    assert sorted(lines) == [("stderr", b"two"), ("stdout", b"one"), ("stdout", b"three")]
    assert sorted(log.read_bytes().split(b"\n")) == [b"", b"one", b"three", b"two"]
    assert sorted(end.tail.split("\n")) == ["one", "three", "two"]
    assert log.stat().st_mode & 0o777 == 0o600


def test_input_is_fed_and_closed(tmp_path: Path) -> None:
    text = b"x" * 1_000_000
    seen: list[bytes] = []
    end = run(tmp_path, "cat", stdin=text, on_line=lambda _stream, line: seen.append(line))
    assert end.ok
    assert seen == [text]


def test_input_that_nobody_reads_is_no_error(tmp_path: Path) -> None:
    assert run(tmp_path, "true", stdin=b"x" * 1_000_000).ok


def test_it_gets_its_environment_and_nothing_else(tmp_path: Path) -> None:
    spec = ProcessSpec(argv=["env"], cwd=tmp_path, environment={"PATH": "/usr/bin:/bin", "A": "b"})
    end = run_process(spec, Stop())
    told = dict(line.split("=", 1) for line in end.tail.split("\n"))
    assert told.pop(MARK).partition("-")[0].isdigit()  # by it what it leaves is found
    assert told == {"A": "b", "PATH": "/usr/bin:/bin"}


def test_what_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="no-such-program cannot be started: No such file"):
        run(tmp_path, "no-such-program")
    with pytest.raises(ProcessError, match="cannot be started in"):
        run(tmp_path / "nowhere", "true")
    with pytest.raises(ProcessError, match="null byte"):
        run(tmp_path, "true", "a\0b")


@pytest.mark.parametrize(("timer", "script"), [
    ("start", "exec sleep 60"),
    ("silence", "echo a; exec sleep 60"),
    ("total", "while :; do echo a; sleep 0.05; done"),
])  # fmt: skip
def test_time_outs(tmp_path: Path, timer: str, script: str) -> None:
    limits: dict[str, Any] = {"start": LONG, timer: SHORT}
    end = run(tmp_path, "sh", "-c", script, **limits)
    assert end.ended_by == timer
    assert end.exit_code != 0


def test_a_stop_ends_it(tmp_path: Path) -> None:
    stop = Stop()
    end = run(
        tmp_path, "sh", "-c", "echo ready; exec sleep 60",
        stop=stop, on_line=lambda _stream, _line: stop.request("enough"),
    )  # fmt: skip
    assert end.ended_by == "stop"
    assert end.signal is not None


def test_a_stop_from_before_ends_it(tmp_path: Path) -> None:
    stop = Stop()
    stop.request("before")
    stop.request("later")
    assert stop.reason == "before"
    assert run(tmp_path, "sleep", "60", stop=stop).ended_by == "stop"


def test_whoever_ignores_requests_is_killed(tmp_path: Path) -> None:
    script = "trap '' INT TERM; echo a; while :; do sleep 60; done"
    end = run(tmp_path, "sh", "-c", script, start=LONG, silence=SHORT)
    assert (end.ended_by, end.signal) == ("silence", 9)


@requires("setsid", system="linux")
def test_descendants_in_sessions_of_their_own_end_too(tmp_path: Path) -> None:
    script = "setsid sh -c 'trap \"\" TERM; echo $$ >&2; setsid sleep 60' & sleep 0.1; exit 0"
    pids: list[int] = []
    end = run(tmp_path, "sh", "-c", script, on_line=lambda _stream, line: pids.append(int(line)))
    assert end.ok
    assert pids
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


@requires(system="linux")
def test_a_callback_that_raises_ends_the_tree(tmp_path: Path) -> None:
    def refuse(_stream: str, line: bytes) -> None:
        raise RuntimeError(line.decode())

    with pytest.raises(RuntimeError) as caught:
        run(tmp_path, "sh", "-c", "echo $$; exec sleep 60", on_line=refuse)
    assert not Path(f"/proc/{caught.value}").exists()


def test_many_at_once(tmp_path: Path) -> None:
    ends: list[ProcessEnd] = []
    threads = [
        threading.Thread(target=lambda: ends.append(run(tmp_path, "sh", "-c", "echo $$")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({end.tail for end in ends}) == 8


@requires(system="linux")
def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = {path.name for path in Path("/proc/self/fd").iterdir()}
    run(tmp_path, "true", stdin=b"x")
    with pytest.raises(ProcessError):
        run(tmp_path, "no-such-program")
    with pytest.raises(ProcessError):
        run(tmp_path / "nowhere", "true")
    assert {path.name for path in Path("/proc/self/fd").iterdir()} == before


def test_a_long_line_is_one_line(tmp_path: Path) -> None:
    sizes: list[int] = []
    script = "import sys; sys.stdout.write('x' * 50_000_000 + '\\nend\\n')"
    end = run(
        tmp_path, sys.executable, "-I", "-S", "-c", script,
        on_line=lambda _stream, line: sizes.append(len(line)),
    )  # fmt: skip
    assert sizes == [50_000_000, 3]
    assert end.tail.endswith("end")


def test_the_environment_is_an_allow_list() -> None:
    source = {
        "PATH": "/bin", "LC_ALL": "C", "GIT_DIR": "x", "API_TOKEN": "t", "MY_A": "a", "MY_B": "b",
    }  # fmt: skip
    assert allowed_environment(source=source) == {"PATH": "/bin", "LC_ALL": "C"}
    assert allowed_environment(["MY_*", "GIT_DIR"], {"X": "y"}, source) == {
        "PATH": "/bin", "LC_ALL": "C", "MY_A": "a", "MY_B": "b", "X": "y",
    }  # fmt: skip


def test_what_the_runner_logs_in_to_its_engine_with_is_for_no_child(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "user:secret")
    named = ["*", "PREFECT_*", "PREFECT_API_AUTH_STRING"]
    for environment in (allowed_environment(named), git_environment()):
        assert "PATH" in environment
        assert not [name for name in environment if name.startswith("PREFECT_")]
