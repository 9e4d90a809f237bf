"""A token from a program, such as a password store."""

from __future__ import annotations

import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from errors import ConfigError, StoppedError
from forges import credentials
from forges.credentials import find_token
from mission.config import ForgeConfig
from workspace.process import Stop


def config(code: str) -> ForgeConfig:
    return ForgeConfig(token_command=[sys.executable, "-S", "-c", code])


def test_the_first_line_is_the_token() -> None:
    printing = config("import sys; print('t0ken'); print('user: me'); print('x', file=sys.stderr)")

    assert find_token("github", "github.com", printing, {}) == "t0ken"


@pytest.mark.parametrize("code", ["raise SystemExit('t0ken')", "print('t0ken'); exit(1)", "pass"])
def test_a_failure_repeats_nothing(code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find_token("github", "github.com", config(code), {})

    assert "t0ken" not in str(caught.value)


def test_a_missing_program() -> None:
    missing = ForgeConfig(token_command=["no-such-program-here"])

    with pytest.raises(ConfigError, match="no-such-program-here"):
        find_token("github", "github.com", missing, {})


def test_a_stop_ends_the_program(tmp_path: Path) -> None:
    """As a password store that waits for a person, who presses Ctrl-C."""
    started = tmp_path / "started"
    code = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(50)"
    waiting = config(code)
    stop = Stop()

    def press() -> None:
        while not started.exists():
            time.sleep(0.01)
        stop.request("Ctrl-C was pressed")

    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(StoppedError, match="Ctrl-C was pressed"):
        find_token("github", "github.com", waiting, {}, stop)
    pressing.join()


def test_a_program_that_does_not_end_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_COMMAND_TIME", timedelta(seconds=1))

    with pytest.raises(ConfigError, match="did not end within 1 s"):
        find_token("github", "github.com", config("import time; time.sleep(50)"), {})
