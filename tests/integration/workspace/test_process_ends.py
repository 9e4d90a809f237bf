"""However a program, its supervisor or the runner ends: nothing of its tree is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import requires
from tests.integration.workspace.conftest import await_end
from workspace.alive import end_leftover, is_alive, started
from workspace.process import ProcessEnd, ProcessSpec, Stop, allowed_environment, run_process

pytestmark = requires("setsid", system="linux")

GRACE = timedelta(seconds=0.3)
# A program that starts others, which leave its session and their parent and ignore requests. Each
# prints its pid.
RUNAWAY = """
export ignore='trap "" INT TERM HUP; echo $$; sleep 300'
setsid sh -c 'setsid sh -c "$ignore" & eval "$ignore"' &
echo $$
"""
# The runner: runs a program and prints what it prints.
RUNNER = """
import sys
from datetime import timedelta
from pathlib import Path
from workspace.process import ProcessSpec, Stop, allowed_environment, run_process

print_line = lambda _stream, line: print(line.decode(), flush=True)
spec = ProcessSpec(argv=sys.argv[1:], cwd=Path.cwd(), environment=allowed_environment(),
                   on_line=print_line, grace=timedelta(seconds=60))
run_process(spec, Stop(), lambda pid, started: print(pid, started, flush=True))
"""


def run(argv: list[str], stop: Stop | None = None, **more: Any) -> tuple[ProcessEnd, list[str]]:
    lines: list[str] = []
    spec = ProcessSpec(
        argv=argv,
        cwd=Path.cwd(),
        environment=allowed_environment(),
        grace=GRACE,
        on_line=lambda _stream, line: lines.append(line.decode()),
        **more,
    )
    return run_process(spec, stop or Stop()), lines


def nothing_left(pids: list[str]) -> None:
    numbers = [int(pid) for pid in pids if pid.isdigit()]
    assert numbers
    assert [pid for pid in numbers if started(pid) is not None] == []


def test_a_program_that_ends_leaves_nobody_behind(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    pids: list[str] = []

    def note(_stream: str, line: bytes) -> None:
        pids.append(line.decode())
        if len(pids) == 3:
            seen.touch()

    spec = ProcessSpec(
        argv=["sh", "-c", RUNAWAY + "until [ -e seen ]; do sleep 0.02; done; exit 3"],
        cwd=tmp_path,
        environment=allowed_environment(),
        on_line=note,
    )
    end = run_process(spec, Stop())
    assert (end.exit_code, end.ended_by) == (3, "exit")
    nothing_left(pids)


@pytest.mark.parametrize("timer", ["silence", "total"])
def test_a_program_that_is_ended_leaves_nobody_behind(timer: str) -> None:
    # However long it takes until the first line is there, and then some for the others.
    limits: dict[str, Any] = {"start": timedelta(minutes=2), timer: timedelta(seconds=2)}
    end, pids = run(["sh", "-c", RUNAWAY + "sleep 300"], **limits)
    assert end.ended_by == timer
    nothing_left(pids)


def test_a_stopped_process_is_ended_too() -> None:
    end, pids = run(
        ["sh", "-c", "echo $$; kill -STOP $$"], start=timedelta(minutes=2), silence=GRACE
    )
    assert end.signal == signal.SIGKILL
    nothing_left(pids)


def test_a_tree_that_grows_while_it_is_ended_is_ended() -> None:
    script = """
import os, time
for generation in range(200):
    if os.fork():
        time.sleep(300)
    os.setsid()
    print(os.getpid(), flush=True)
    time.sleep(0.002)
"""
    stop, pids = Stop(), list[str]()

    def note(_stream: str, line: bytes) -> None:
        pids.append(line.decode())
        if len(pids) == 20:
            stop.request("it grows")

    spec = ProcessSpec(
        argv=[sys.executable, "-I", "-S", "-c", script],
        cwd=Path.cwd(),
        environment=allowed_environment(),
        grace=GRACE,
        on_line=note,
    )
    assert run_process(spec, stop).ended_by == "stop"
    nothing_left(pids)


def test_killing_the_supervisor_ends_the_program() -> None:
    pids: list[int] = []
    lines: list[int] = []

    def kill_supervisor(_stream: str, line: bytes) -> None:
        lines.append(int(line))
        os.kill(pids[0], signal.SIGKILL)

    spec = ProcessSpec(
        argv=["sh", "-c", "echo $$; exec sleep 300"],
        cwd=Path.cwd(),
        environment=allowed_environment(),
        on_line=kill_supervisor,
    )
    end = run_process(spec, Stop(), lambda pid, _started: pids.append(pid))
    assert (end.exit_code, end.signal) == (None, signal.SIGKILL)
    await_end(lines[0])


def started_runner() -> tuple[subprocess.Popen[str], int, float, list[int]]:
    """A runner with a runaway program: itself, the supervisor, the program's processes."""
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, "sh", "-c", RUNAWAY + "sleep 300"],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert runner.stdout is not None
    pid, since = runner.stdout.readline().split()
    pids = [int(runner.stdout.readline()) for _ in range(3)]
    return runner, int(pid), float(since), pids


def test_a_runner_that_is_killed_takes_everything_with_it() -> None:
    runner, supervisor, since, pids = started_runner()
    with runner:
        assert is_alive(supervisor, since)
        runner.kill()
        for pid in [supervisor, *pids]:
            await_end(pid)
    assert not is_alive(supervisor, since)


def test_ctrl_c_is_for_the_runner_alone() -> None:
    runner, supervisor, since, pids = started_runner()
    with runner:
        assert {os.getsid(pid) for pid in pids}.isdisjoint({os.getsid(0), os.getsid(supervisor)})
        runner.send_signal(signal.SIGINT)
        runner.wait()
    assert not is_alive(supervisor, since)
    nothing_left([str(pid) for pid in pids])


def test_what_an_earlier_run_left_can_be_ended() -> None:
    runner, supervisor, since, pids = started_runner()
    with runner:
        assert end_leftover(supervisor, since + 1)  # that one is gone, this is another
        assert is_alive(supervisor, since)
        runner.send_signal(signal.SIGSTOP)  # it cannot notice
        assert end_leftover(supervisor, since)
        nothing_left([str(pid) for pid in pids])
        runner.kill()


def test_all_output_arrives() -> None:
    for count in (1, 1000, 20_000):
        _, lines = run(["seq", str(count)])
        assert lines == [str(number) for number in range(1, count + 1)]


def test_a_pipe_in_foreign_hands_does_not_hold_us_up(tmp_path: Path) -> None:
    held: list[int] = []

    def hold(_stream: str, line: bytes) -> None:
        held.append(os.open(f"/proc/{int(line)}/fd/1", os.O_WRONLY))

    spec = ProcessSpec(
        argv=["sh", "-c", "echo $$; sleep 0.3"],
        cwd=tmp_path,
        environment=allowed_environment(),
        on_line=hold,
    )
    assert run_process(spec, Stop()).ok
    (descriptor,) = held
    os.close(descriptor)


def test_unbounded_output_without_a_line_end_is_no_silence() -> None:
    script = "while :; do printf x; sleep 0.05; done"
    end, lines = run(["sh", "-c", script], silence=timedelta(seconds=5), total=timedelta(seconds=2))
    assert end.ended_by == "total"
    assert len(lines) == 1
    assert set(lines[0]) == {"x"}
