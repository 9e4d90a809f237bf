"""Wakes the loop when a person edits the task file, leaves a request, or pauses the mission."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from watchfiles import watch

from gates.pause import PAUSED_FILE, PauseFiles
from mission.place import Place
from orchestrator.loop.events import Event, FileChanged, Woken
from workspace.side_thread import SideWork, cause

#: Seconds between two looks, once the file system tells nothing any more.
LOOKS = 2.0
_ROUND = 2_000  # milliseconds until it is looked whether the folders are still the same ones


class Watch(SideWork):
    """A thread that sleeps on the file system's own notifications, while the `with` lasts.

    It tells everything once as soon as it watches: what happened just before went unseen. Where
    there are no notifications to be had (the machine's are used up, a folder is away), it looks
    every few seconds instead, and says so once.
    """

    def __init__(
        self,
        place: Place,
        pause: PauseFiles,
        tell: Callable[[Event], None],
        *,
        say: Callable[[str], None],
        give_up: Callable[[str], None],
    ) -> None:
        """
        Args:
            say: Tells people one line.
            give_up: Stops the run, with the reason: it would see nothing of what people do.
        """
        super().__init__("watch", daemon=True)
        self._place = place
        self._pause = pause
        self._tell = tell
        self._say = say
        self._give_up = give_up

    def _note_death(self, error: BaseException) -> None:
        self._give_up(f"nobody watches the files any more: {cause(error)}")

    def _work(self) -> None:
        try:
            while not self._over.is_set():
                self._watch_these_folders()
        except Exception as error:  # noqa: BLE001 - no notifications, for whatever reason: it looks
            self._say(
                "Changes of the task file, pauses and requests are looked for every"
                f" {LOOKS:.0f} seconds from now on: the file system tells of none ({cause(error)})"
            )
            self._look_until_over()

    def _watch_these_folders(self) -> None:
        """Tell what happens in the two folders, until they are over or others than they were."""
        place, folder = self._place, self._place.folder
        folders = (folder, place.state_dir)
        wake = str(place.wake_file)
        edited = {
            str(place.task_file),
            str(place.config_file),
            str(folder / PAUSED_FILE),
            str(self._pause.own),
        }
        before = [one.stat() for one in folders]
        for changes in watch(
            *folders,
            watch_filter=None,
            recursive=False,
            debounce=50,
            step=20,
            rust_timeout=_ROUND,
            yield_on_timeout=True,
            stop_event=_Rounds(self._over, on_first=self._look_at_all),
            raise_interrupt=False,
        ):
            paths = {path for _, path in changes}
            if not edited.isdisjoint(paths):
                self._tell(FileChanged())
            if wake in paths:
                self._tell(Woken())
            if not all(map(os.path.samestat, before, [one.stat() for one in folders])):
                return  # the ones that are watched lie elsewhere now, or nowhere

    def _look_until_over(self) -> None:
        while not self._over.wait(LOOKS):
            self._look_at_all()

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
