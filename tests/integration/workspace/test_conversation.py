"""A process that is kept is never a stranger's answer, and never waits for us while we wait."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator

import pytest

from workspace.conversation import Conversation

# Says each line that it is told back, and begins with the next when somebody has read that.
_ECHO = """
import sys
for line in sys.stdin.buffer:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
"""
_PAGE = 4096  # bytes: what a pipe holds of somebody who has many (pipe(7), pipe-user-pages-soft)


@pytest.fixture
def echo() -> Iterator[Conversation]:
    kept = Conversation(_started)
    yield kept
    kept.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody sets the size of a pipe")
@pytest.mark.timeout(60)
def test_narrow_pipes_hold_nobody_up(echo: Conversation) -> None:
    questions = [b"%05d" % number + b"x" * 60 + b"\n" for number in range(1000)]
    assert echo.ask(questions, Conversation.line) == [one[:-1] for one in questions]
    long = b"y" * 300_000
    assert echo.ask([long + b"\n"], Conversation.line) == [long]


def test_an_answer_that_was_not_read_is_nobody_else_s(echo: Conversation) -> None:
    def interrupted(git: Conversation) -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        echo.ask([b"one\n"], interrupted)
    assert echo.ask([b"two\n"], Conversation.line) == [b"two"]


def _started() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", _ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for pipe in (process.stdin, process.stdout):
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PAGE)
    return process
