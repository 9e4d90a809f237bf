"""The other end of the keeper of a run's record: its process, and what is said and heard there."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from flows.messages import (
    Failed,
    FromRun,
    Lack,
    LackAsked,
    Named,
    Noted,
    Opening,
    Over,
    RowsChanged,
    RunOver,
    packed,
    unpacked,
)
from flows.wording import gaps, no_record
from workspace.process import Stop
from workspace.redact import Redactor
from workspace.side_thread import SideThread, cause

# Our packages may be anywhere; the working folder, which agents fill, is no place to look for them.
_BEGIN = "import sys; sys.path.append(sys.argv[1]); from flows.keeper import main; main()"
KEEPER: Final = (sys.executable, "-P", "-c", _BEGIN, str(Path(__file__).parents[1]))
_START_SECONDS = 200.0  # for a server to start, of which the keeper gives up after less
_ANSWER_SECONDS = 90.0  # for the record of all that was told
_STOPPED_SECONDS = 20.0  # ... where a person wants to go
_LEAVE_SECONDS = 5.0  # for a process to end that has nothing to do any more
_LOOK_SECONDS = 0.2  # between two looks whether the run is stopped


class Keeper:
    """The keeper of one run's record. It is there from `begin` to `end`, and may die before.

    Nobody waits for it while there is work: what it is told is queued, without a bound, since a
    line of it is small beside a row's work. Of the mission's progress only the newest waits there:
    it is all rows, at each step of the loop.
    """

    def __init__(
        self,
        opening: Opening,
        *,
        say: Callable[[str], None],
        stop: Stop,
        command: Sequence[str] = KEEPER,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            opening: Whose record is kept.
            say: Tells people. Without secrets: what a client of a server says names its address.
            stop: The run's; once it was asked for, the record is not waited for as long.
            command: What keeps it.
            monotonic: Seconds that only ever grow.
        """
        redact = Redactor.from_environment().text
        self._opening = opening
        self._say: Callable[[str], None] = lambda text: say(redact(text))
        self._stop = stop
        self._command = command
        self._monotonic = monotonic
        self._told: SimpleQueue[FromRun | None] = SimpleQueue()  # None: nothing follows
        self._heard: SimpleQueue[Lack | Over | None] = SimpleQueue()  # None: nothing follows
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._rows: RowsChanged | None = None  # the newest, while one waits to be sent
        self._last_sign = 0.0  # when it last said something
        self._sending = SideThread("record", self._send, on_death=self._note_death, daemon=True)
        self._hearing = SideThread("keeper", self._hear, on_death=self._note_death, daemon=True)
        self._begun = False
        self._over = False  # the record is complete, or is given up
        self._named = False  # the flow run is there
        self._lost = False  # whoever kept the record left it as it was
        self.on_named: Callable[[str], None] = _unheard

    @property
    def begun(self) -> bool:
        """Whether there is a record to be kept."""
        return self._begun

    @property
    def lost(self) -> bool:
        """Whether the record was given up: what it calls running is for the next run to close."""
        return self._lost

    def begin(self) -> None:
        """Start the process, beside the work, unless it was begun."""
        if not self._begun:
            self._begun = True
            self._sending.start()

    def tell(self, message: FromRun) -> None:
        """Tell what happened. Never blocks."""
        if not self._begun or self._over:
            return
        if isinstance(message, RowsChanged):
            with self._lock:
                waits, self._rows = self._rows is not None, message
            if waits:
                return
        self._told.put(message)

    def lack(self) -> tuple[str, ...] | None:
        """The names of jobs that the record lacks, once it holds what it can; None: it is not to
        be had."""
        self.tell(LackAsked())
        found = self._await()
        return found.names if isinstance(found, Lack) else None

    def end(self, last: RunOver) -> None:
        """End the record, and the process. What the record lacks is said."""
        if not self._begun:
            return
        self.tell(last)
        found = self._await()
        if isinstance(found, Over) and found.troubles:
            self._say(gaps(found.troubles))
        self._close(leaves=isinstance(found, Over))

    def _await(self) -> Lack | Over | None:
        """The next answer, waited for boundedly since the last sign; None: there is none."""
        begun = self._monotonic()
        while not self._over:
            try:
                return self._heard.get(timeout=_LOOK_SECONDS)
            except Empty:
                waited = self._monotonic() - max(begun, self._last_sign)
                if waited > self._patience():
                    self._give_up(f"the process that keeps it was waited for {waited:.0f} s")
        return None

    def _patience(self) -> float:
        if self._stop.requested:
            return _STOPPED_SECONDS
        return _ANSWER_SECONDS if self._named else _START_SECONDS

    def _close(self, *, leaves: bool) -> None:
        """
        Args:
            leaves: The process has said its last word, and ends by itself: it is not waited for.
        """
        self._over = True
        self._told.put(None)
        self._sending.join(_LEAVE_SECONDS)
        if leaves:
            return
        process = self._process
        if process is not None:
            try:
                process.wait(_LEAVE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        self._hearing.join(_LEAVE_SECONDS)

    def _give_up(self, why: str) -> None:
        """Keep no record any more; said once."""
        if self._over:
            return
        self._over = self._lost = True
        self._say(no_record(why))
        if self._process is not None:
            self._process.kill()

    def _note_death(self, error: BaseException) -> None:
        self._give_up(cause(error))
        self._heard.put(None)

    def _send(self) -> None:
        """On the thread `record`: starts the process, and tells it all."""
        self._process = process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for the run, which tells how it ended
        )
        self._hearing.start()
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        try:
            with process.stdin as stream:
                stream.write(packed(self._opening))
                stream.flush()
                while (message := self._told.get()) is not None:
                    stream.write(packed(self._newest(message)))
                    stream.flush()
        except BrokenPipeError:
            return  # the other thread hears that it is gone

    def _newest(self, message: FromRun) -> FromRun:
        """The message, or the progress that came while this one waited."""
        if not isinstance(message, RowsChanged):
            return message
        with self._lock:
            newest, self._rows = self._rows, None
        return newest or message

    def _hear(self) -> None:
        """On the thread `keeper`: hears what it says, until it ends."""
        process = self._process
        assert process is not None  # noqa: S101 - begun once it is there
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        why, complete = "", False
        with process.stdout as stream:
            for line in stream:
                self._last_sign = self._monotonic()
                match unpacked(line):
                    case Noted(text=text):
                        self._say(text)
                    case Named(run=run):
                        self._named = True
                        self.on_named(run)
                    case Failed(why=told):
                        why = told
                    case (Lack() | Over()) as found:
                        complete = isinstance(found, Over)
                        self._heard.put(found)
                    case other:
                        raise ValueError(f"a keeper does not tell {type(other).__name__}")
        code = process.wait()
        if not complete:
            self._give_up(why or _ended(code))
        self._heard.put(None)


def _ended(code: int) -> str:
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return f"the process that keeps it {how}"


def _unheard(_run: str) -> None:
    """Nobody wants to know."""
