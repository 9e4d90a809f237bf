"""A git process that is kept, and answers one question after another.

It lives as long as its pipes: when we end, whatever ends us, it reads the end of its input, and
ends too.
"""

from __future__ import annotations

import os
import select
import subprocess
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from errors import GitError

_LIMIT = 900.0  # seconds for one answer: an object may have to be fetched (partial clones)
_CHUNK = 1 << 16  # bytes
_AHEAD = 1 << 14  # bytes that are asked before answers are read

_Answer = TypeVar("_Answer")


def nothing() -> None:
    """There is no process to end; or there is nothing that it may not see."""


class EndedError(GitError):
    """The process ended, or does not answer as it should."""


class Conversation:
    """Questions to one process, which is started with the first. For any thread."""

    def __init__(
        self,
        start: Callable[[], subprocess.Popen[bytes]],
        *,
        view: Callable[[], object] = nothing,
    ) -> None:
        """
        Args:
            start: Starts the process, with pipes for its input and its output. What it raises,
                questions raise.
            view: What differs when a process that was started before may not see what is there.
        """
        self._start = start
        self._view = view
        self._turn = threading.Lock()  # guards what follows
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()  # who started it: nobody else talks to it
        self._seen: object = None  # the view that it was started with
        self._end: Callable[[], object] = nothing
        self._read = bytearray()  # of its output, and not asked for yet

    def ask(
        self,
        questions: Sequence[bytes],
        answer: Callable[[Conversation], _Answer],
        *,
        again: bool = True,
    ) -> list[_Answer]:
        """The answers to these questions, each read with `answer` by `line` and `exactly`.

        A process that has ended meanwhile, since somebody killed it, is replaced by a new one once.

        Args:
            again: Whether to ask the new one what the old one may have done already.

        Raises:
            EndedError: It ends, or takes too long.
        """
        with self._turn:
            if self._process is not None and not self._is_good(self._process):
                self._stop()
            try:
                return self._asked(questions, answer)
            except BaseException as error:
                # Whatever it is: what was asked and not read is no answer to the next question.
                self._stop()
                if not (again and isinstance(error, EndedError)):
                    raise
            try:
                return self._asked(questions, answer)
            except BaseException:
                self._stop()
                raise

    def close(self) -> None:
        """End the process, if there is one. The next question starts a new one."""
        with self._turn:
            self._stop()

    def line(self) -> bytes:
        """The next line of an answer, without its end. For `answer` alone."""
        while (end := self._read.find(b"\n")) < 0:
            self._fill()
        found = bytes(self._read[:end])
        del self._read[: end + 1]
        return found

    def exactly(self, count: int) -> bytes:
        """The next `count` bytes of an answer. For `answer` alone."""
        while len(self._read) < count:
            self._fill()
        found = bytes(self._read[:count])
        del self._read[:count]
        return found

    def _is_good(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether it can be asked: we started it, and not whom we forked from; nobody has killed
        it; and it sees what is there."""
        ours = self._owner == os.getpid()
        return ours and process.poll() is None and self._seen == self._view()

    def _asked(
        self, questions: Sequence[bytes], answer: Callable[[Conversation], _Answer]
    ) -> list[_Answer]:
        answers: list[_Answer] = []
        while len(answers) < len(questions):
            count, size = 0, 0
            for question in questions[len(answers) :]:
                if count and size + len(question) > _AHEAD:
                    break
                count, size = count + 1, size + len(question)
            self._say(b"".join(questions[len(answers) : len(answers) + count]))
            answers += [answer(self) for _ in range(count)]
        return answers

    def _say(self, text: bytes) -> None:
        """Ask, and keep what is answered meanwhile: a pipe may be full in either direction. Where
        the process ends, whoever reads the answer finds out, and what it said before."""
        stdin, stdout = self._pipes()
        left = memoryview(text)
        while left:
            ready = _await(stdin, stdout)
            if stdout in ready and not self._take(stdout):
                return
            if stdin in ready:
                try:
                    left = left[os.write(stdin, left) :]
                except BlockingIOError:
                    continue
                except OSError:
                    return

    def _pipes(self) -> tuple[int, int]:
        """Its input and its output. It is started if there is none."""
        if self._process is None:
            self._seen = self._view()
            self._process = self._start()
            self._owner = os.getpid()
            self._end = weakref.finalize(self, _end, self._process, self._owner)
            if self._process.stdin is not None:
                os.set_blocking(self._process.stdin.fileno(), False)
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise EndedError("git has no pipes to be asked through")
        return stdin.fileno(), stdout.fileno()

    def _fill(self) -> None:
        _, stdout = self._pipes()
        _await(None, stdout)
        if not self._take(stdout):
            raise EndedError("git ended before it had answered")

    def _take(self, stdout: int) -> bool:
        """Keep what it has answered by now. False: it has ended."""
        data = os.read(stdout, _CHUNK)
        self._read += data
        return bool(data)

    def _stop(self) -> None:
        self._end()
        self._process, self._end = None, nothing
        self._read.clear()


def _await(stdin: int | None, stdout: int) -> list[int]:
    """Wait until one of these can be used. Which can."""
    # Not `select.select`, which knows only the first 1,024 descriptors.
    poll = select.poll()
    poll.register(stdout, select.POLLIN)
    if stdin is not None:
        poll.register(stdin, select.POLLOUT)
    deadline = time.monotonic() + _LIMIT
    while not (ready := poll.poll(max(0.0, deadline - time.monotonic()) * 1000)):
        if time.monotonic() > deadline:
            raise EndedError(f"git took more than {_LIMIT:.0f} seconds")
    return [descriptor for descriptor, _ in ready]


def _end(process: subprocess.Popen[bytes], owner: int) -> None:
    ours = owner == os.getpid()
    with suppress(OSError):  # what could not be written is lost with it
        if ours:
            process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    if ours:
        process.wait()
