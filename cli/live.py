"""How a run is shown: live on a terminal, as plain lines elsewhere. Both write to stderr."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from itertools import islice
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.console import printable
from cli.tables import wrap
from cli.typed_here import text_here
from mission.state import Status
from orchestrator.ports.display import Display, Progress

_ORDER = (
    Status.DONE,
    Status.IN_PROGRESS,
    Status.NEEDS_QA,
    Status.BLOCKED,
    Status.FAILED,
    Status.NOT_STARTED,
)


class RunDisplay(Display, Protocol):
    """A display for the time of a run."""

    def doing(
        self, task: str, phase: str, detail: str = "", *, since: datetime | None = None
    ) -> None:
        """As of every display. `since`: when the phase began; now, if it is not said."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave what was said on the screen."""


def display_for(console: Console) -> RunDisplay:
    """The display that fits where `console` writes."""
    return LiveDisplay(console) if console.is_terminal else PlainDisplay(console)


class PlainDisplay:
    """A line for each fact, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._phases: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Everything is written already."""

    def say(self, text: str) -> None:
        with self._lock:
            self._console.out(printable(text_here(text)), highlight=False)

    def doing(
        self, task: str, phase: str, detail: str = "", *, since: datetime | None = None
    ) -> None:
        with self._lock:
            if self._phases.get(task, "") == phase:
                return
            self._phases[task] = phase
            if phase:
                told = f"{task}: {phase}" + (f" ({detail})" if detail else "")
                self._console.out(printable(told), highlight=False)

    def progress(self, progress: Progress) -> None:
        """Counts would repeat what the lines say."""


class LiveDisplay:
    """What is under way now, below the facts so far."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._doing: dict[str, tuple[str, str, float]] = {}  # task -> phase, detail, since
        self._progress = Progress(counts={}, ready=0, live=0)
        self._live = Live(
            console=console, refresh_per_second=8, transient=True, get_renderable=self._render
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def say(self, text: str) -> None:
        lines = wrap(printable(text_here(text)), self._console.width)
        self._console.print(Text("\n".join(lines)), soft_wrap=True)

    def doing(
        self, task: str, phase: str, detail: str = "", *, since: datetime | None = None
    ) -> None:
        with self._lock:
            if not phase:
                self._doing.pop(task, None)
                return
            before = self._doing.get(task)
            ago = 0.0 if since is None else (datetime.now(UTC) - since).total_seconds()
            began = before[2] if before and before[0] == phase else time.monotonic() - ago
            self._doing[task] = (phase, detail, began)

    def progress(self, progress: Progress) -> None:
        self._progress = progress

    def _render(self) -> RenderableType:
        with self._lock:
            under_way = self._doing.copy()
        # More lines than the screen has would push the totals, which are the last, off it.
        room = max(1, self._console.size.height - len(("more", "totals", "cursor")))
        more = len(under_way) - room if len(under_way) > room + 1 else 0
        doing = dict(islice(under_way.items(), room if more else None))
        # Ids are never cut: what a task does gives way.
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(no_wrap=True, style="bold", min_width=max(map(len, doing), default=0))
        table.add_column(no_wrap=True, justify="right", style="dim", min_width=4)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        now = time.monotonic()
        for task, (phase, detail, since) in doing.items():
            told = f"{phase}: {detail}" if detail else phase
            table.add_row(Text(task), _age(now - since), Text(printable(told)))
        lines = [f"… and {more} more under way"] if more else []
        lines += [_counts(self._progress)] if self._progress.counts else []
        return Group(table, *(Text(line, style="dim") for line in lines))


def _age(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"


def _counts(progress: Progress) -> str:
    parts = [f"{progress.counts[name]} {name}" for name in _ORDER if progress.counts.get(name)]
    return ", ".join([*parts, f"{progress.ready} ready"])
