"""Wakes the loop when a person edits the task file, leaves a request, or pauses the mission."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from watchfiles import watch

from gates.pause import PAUSED_FILE, PauseFiles
from mission.place import Place
from orchestrator.loop.events import Event, FileChanged, Woken


class Watch:
    """A thread that sleeps on the file system's own notifications, while the `with` lasts.

    It tells everything once as soon as it watches: what happened just before went unseen.
    """

    def __init__(self, place: Place, pause: PauseFiles, tell: Callable[[Event], None]) -> None:
        self._place = place
        self._pause = pause
        self._tell = tell
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        place, folder = self._place, self._place.folder
        folders = (folder, place.state_dir)
        wake = str(place.wake_file)
        edited = {str(place.task_file), str(folder / PAUSED_FILE), str(self._pause.own)}
        for changes in watch(
            *folders,
            watch_filter=None,
            recursive=False,
            debounce=50,
            step=20,
            stop_event=_Rounds(self._over, on_first=self._look_at_all),
            raise_interrupt=False,
        ):
            paths = {path for _, path in changes}
            if not edited.isdisjoint(paths):
                self._tell(FileChanged())
            if wake in paths:
                self._tell(Woken())

    def _look_at_all(self) -> None:
        self._tell(FileChanged())
        self._tell(Woken())


class _Rounds:
    """What the watcher asks in each of its rounds: whether it is over. It watches by the first."""

    def __init__(self, over: threading.Event, *, on_first: Callable[[], None]) -> None:
        self._over = over
        self._on_first: Callable[[], None] | None = on_first

    def is_set(self) -> bool:
        """Whether the rounds are over."""
        first, self._on_first = self._on_first, None
        if first is not None:
            first()
        return self._over.is_set()
