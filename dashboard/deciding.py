"""What people decide on the pages: asked of the single writer, exactly as the commands do.

Where a run is at work it applies what is asked; where none is, this process becomes the writer for
as long as that takes, as `mission approve` does. Each is waited for on a thread of its own, and the
pages tell what became of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from dashboard.missions import Shown
from errors import MissionError, UsageError, told
from mission.clock import Now, utc_now
from mission.elsewhere import Claimed
from mission.journal import RequestKind
from mission.place import Place
from service.ask import Redact, Wish, ask
from service.pausing import pause, unpause
from service.stopping import stop_rows
from service.telling import telling
from tasks_md.holder import Holder
from workspace.process import Stop
from workspace.side_thread import SideThread

_AT_ONCE: Final = 8  # that are not answered yet
_KEPT: Final = 5  # of a mission
_FOR: Final = timedelta(minutes=5)  # what went well is told so long
_MOST_NOTE: Final = 4_000  # characters

_OF_ROWS: Final = {
    "approve": RequestKind.APPROVE,
    "reject": RequestKind.REJECT,
    "retry": RequestKind.RETRY,
    "unblock": RequestKind.UNBLOCK,
    "stop": RequestKind.STOP,
}
_OF_MISSIONS: Final = frozenset({"pause", "unpause"})


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedLine:
    """What somebody asked for here."""

    number: int
    key: str  # of the mission
    verb: str
    task: str  # empty: it is about the mission
    at: datetime
    finished: datetime | None = None  # None: not answered yet
    said: str = ""  # what is done about it, or what became of it
    error: str = ""  # why nothing did


class Decisions:
    """Takes what is decided, and knows what became of it. For many threads."""

    def __init__(self, *, by: str, redact: Redact, clock: Now = utc_now) -> None:
        """
        Args:
            by: Who asks, `user@host`: whoever started the dashboard.
            redact: Takes secrets out of what goes into the journal and onto pages.
            clock: Tells the time.
        """
        self._by = by
        self._redact = redact
        self._clock = clock
        self._stop = Stop()
        self._lock = threading.Lock()  # guards what follows
        self._lines: dict[int, AskedLine] = {}
        self._threads: dict[int, SideThread] = {}
        self._version = 0
        self._last = 0

    def version(self) -> int:
        """Grows with each change of what the pages tell."""
        return self._version

    def lines(self, key: str) -> tuple[AskedLine, ...]:
        """What was asked of a mission, the newest first: what is not answered, what was refused,
        and for some minutes what went well."""
        now = self._clock()
        with self._lock:
            its = [one for one in self._lines.values() if one.key == key]
        fresh = [
            one for one in its if one.finished is None or one.error or now - one.finished < _FOR
        ]
        return tuple(reversed(fresh[-_KEPT:]))

    def decide(self, shown: Shown, verb: str, task: str, note: str) -> None:
        """Ask for it, and return at once. What is asked already is not asked again.

        Args:
            shown: The mission.
            verb: A command of `mission`.
            task: The row; empty for what is about the mission.
            note: A word for the row's notes and the journal; may be empty.

        Raises:
            UsageError: It cannot be asked for.
            TaskFileError: There is no such row.
        """
        if verb not in (_OF_ROWS if task else _OF_MISSIONS):
            raise UsageError(f"nobody can {verb[:20]!r} that", hint="Use the page's buttons")
        if verb == "reject" and not note.strip():
            raise UsageError(
                "say what is to be done otherwise", hint="The next attempt is told your words"
            )
        if len(note) > _MOST_NOTE:
            raise UsageError(f"that is longer than {_MOST_NOTE} characters", hint="Say it shorter")
        if task and not any(view.task.id == task for view in shown.current().overview.tasks):
            raise UsageError(f"there is no row {task[:80]}", hint="`mission status` has the ids")
        if shown.place is None:
            raise UsageError(
                "that mission is not on this machine", hint="Decide where its clone is"
            )
        thread = self._begun(shown.key, shown.place, verb, task, note.strip())
        if thread is not None:
            thread.start()

    def close(self) -> None:
        """Take back what nobody has answered, and wait for what has been begun."""
        self._stop.request("the dashboard ends")
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()

    def _begun(self, key: str, place: Place, verb: str, task: str, note: str) -> SideThread | None:
        """The thread that asks; None where the same is asked for already.

        Raises:
            UsageError: Too much is asked for.
        """
        with self._lock:
            waiting = [one for one in self._lines.values() if one.finished is None]
            if any((one.key, one.task, one.verb) == (key, task, verb) for one in waiting):
                return None
            if len(waiting) >= _AT_ONCE:
                raise UsageError(
                    f"{_AT_ONCE} things are asked for already", hint="Wait until one is answered"
                )
            self._last += 1
            number = self._last
            again = [
                one.number
                for one in self._lines.values()
                if (one.key, one.task) == (key, task) and one.finished is not None
            ]
            for old in again:
                del self._lines[old]
            self._lines[number] = AskedLine(
                number=number, key=key, verb=verb, task=task, at=self._clock()
            )
            self._version += 1
            thread = SideThread(
                f"asks to {verb}",
                lambda: self._ask(number, place, verb, task, note),
                on_death=lambda error: self._end(number, error=told_of(error)),
            )
            self._threads[number] = thread
            return thread

    def _ask(self, number: int, place: Place, verb: str, task: str, note: str) -> None:
        asking = _Asking(
            place=place, by=self._by, redact=self._redact, stop=self._stop,
            tell=lambda text: self._change(number, said=self._redact(text)),
        )  # fmt: skip
        try:
            if not task:
                said, error = asking.of_mission(verb, note), ""
            elif verb == "stop":
                said, error = asking.to_stop(task, note)
            else:
                said, error = asking.of_row(_OF_ROWS[verb], task, note)
        except (MissionError, OSError) as failure:
            said, error = "", told_of(failure)
        self._end(number, said=said, error=error)

    def _end(self, number: int, *, said: str = "", error: str = "") -> None:
        finished = self._clock()
        self._change(number, said=self._redact(said), error=self._redact(error), finished=finished)
        with self._lock:
            self._threads.pop(number, None)

    def _change(
        self, number: int, *, said: str, error: str = "", finished: datetime | None = None
    ) -> None:
        with self._lock:
            line = self._lines.get(number)
            if line is not None:
                self._lines[number] = replace(line, said=said, error=error, finished=finished)
                self._version += 1


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asking:
    """Asks and waits. Each answer is what became of it, and why nothing did."""

    place: Place
    by: str
    redact: Redact
    stop: Stop
    tell: Callable[[str], None]

    def of_mission(self, verb: str, note: str) -> str:
        if verb == "unpause":
            unpause(self.place, stop=self.stop, on_left=self._left, on_away=self.tell)
            return "goes on"
        return pause(
            self.place, by=self.by.partition("@")[0], reason=note, stop=self.stop,
            on_left=self._left, on_away=self.tell,
        ).detail  # fmt: skip

    def of_row(self, kind: RequestKind, task: str, note: str) -> tuple[str, str]:
        asked = ask(
            self.place, Wish(kind=kind, task=task, note=note or None, by=self.by),
            redact=self.redact, stop=self.stop, show=telling(self.tell), on_held=self._held,
            on_left=self._left,
        )  # fmt: skip
        if asked.exit_code:
            return "", f"{asked.task} is {asked.status}: {asked.notes}"
        return f"{asked.task} is {asked.status}", ""

    def to_stop(self, task: str, note: str) -> tuple[str, str]:
        (answer,) = stop_rows(
            self.place, [task], by=self.by, note=note or None, redact=self.redact, stop=self.stop,
            on_held=self._held, on_left=self._left,
        )  # fmt: skip
        return f"{answer.task} is {answer.status}", answer.error or ""

    def _held(self, _who: Holder) -> None:
        self.tell("the run is asked")

    def _left(self, claim: Claimed) -> None:
        self.tell(f"left on the remote for the run on {claim.host or 'another machine'}")


def told_of(error: BaseException) -> str:
    """What went wrong, and what to do, in one line."""
    if isinstance(error, MissionError | OSError):
        shown = told(error)
        return f"{shown.message}. {shown.hint}" if shown.hint else shown.message
    return f"{type(error).__name__}: {error}"
