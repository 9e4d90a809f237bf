"""Begins the process that tells people what happens, and looks after it while the run lasts.

It is no child that ends with us: it tells what is left when the run is over, and that the run died
if it did.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Self

from mission.config import NotifyConfig
from mission.journal import Journal
from mission.journal.kinds import NotifyBegan, Told
from mission.place import Place
from mission.told_by import keep_settings
from orchestrator.notifying.noting import note_deaths
from policy.notifying.sending import MessageState
from workspace.side_thread import SideWork, cause

LOG = "notify.log"
_LOOK_EVERY = 1.0  # seconds
_FIRST_PAUSE = 1.0  # seconds before it is begun again, three times as long each time
_LONGEST_PAUSE = 300.0  # seconds
_LONG = 60.0  # seconds: one that lived so long did begin
_SHOWN_AFTER = 3  # that ended at once, one after the other

# What goes on when its run is over: nobody waits for it, and it is no mistake that nobody does.
_going_on: list[subprocess.Popen[bytes]] = []


class NotifyBeside(SideWork):
    """Has people told what happens while a `with` lasts, and what came of it after that. It holds
    nothing up, and what goes wrong with it changes nothing about the run."""

    def __init__(
        self,
        place: Place,
        config: NotifyConfig,
        settings: bytes,
        journal: Journal,
        *,
        say: Callable[[str], None],
    ) -> None:
        """
        Args:
            settings: The `mission.yaml` that `config` is of. Who tells people goes by it.
            journal: Written in the name of the run.
            say: Tells people a line.
        """
        super().__init__("notify")
        self._settings = settings
        self._place = place
        self._names = tuple(one.called for one in config.to)
        self._journal = journal
        self._say = say
        self._ended = 0  # so many one after the other, soon after they began
        self._is_shown = False

    def __enter__(self) -> Self:
        if self._wanted():
            note_deaths(self._journal)
            self._journal.record(NotifyBegan(to=self._names))
            try:
                keep_settings(self._place, self._settings)
            except OSError as error:  # without them nobody is told, and the run goes on
                self._show(f"who tells people cannot begin: {cause(error)}")
                return self
        return super().__enter__()

    def _wanted(self) -> bool:
        return bool(self._names)

    def _work(self) -> None:
        pause = 0.0
        while not self._over.wait(pause):
            began = time.monotonic()
            if self._has_gone_on():
                return
            if time.monotonic() - began > _LONG:
                self._ended, pause, self._is_shown = 0, 0.0, False
            self._ended += 1
            pause = min(max(3 * pause, _FIRST_PAUSE), _LONGEST_PAUSE)
        self._begin()  # whatever it died of: the end has to be told, too

    def _has_gone_on(self) -> bool:
        """Begin it, and look on; whether it lives when the run is over, rather than ended."""
        child = self._begin()
        if child is None:
            return False
        while child.poll() is None:
            if self._over.wait(_LOOK_EVERY):
                return True
        if self._ended + 1 >= _SHOWN_AFTER:
            log = self._place.state_dir / LOG
            self._show(f"who tells people ends again and again; {log} says why")
        return False

    def _begin(self) -> subprocess.Popen[bytes] | None:
        """Start it; None where that cannot be, which is shown."""
        _going_on[:] = [one for one in _going_on if one.poll() is None]
        try:
            child = self._started()
        except OSError as error:
            self._show(f"who tells people cannot begin: {cause(error)}")
            return None
        _going_on.append(child)
        return child

    def _started(self) -> subprocess.Popen[bytes]:
        folder = self._place.state_dir
        handle = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as log:
            return subprocess.Popen(
                self._words(),
                cwd=folder,  # it outlives us, and keeps no folder of anybody's busy
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                close_fds=True,  # nor a lock that whoever began the run holds
                start_new_session=True,  # a terminal's Ctrl-C is for the run
            )

    def _words(self) -> Sequence[str]:
        words = ("notify", "watch", str(self._place.task_file), "--run", str(self._journal.run))
        return (sys.executable, "-P", "-m", "cli", *words)

    def _show(self, why: str) -> None:
        """Tell whoever looks on, and have the mission's standing show it until a message arrives:
        once, until it did begin."""
        if self._is_shown:
            return
        self._is_shown = True
        self._say(f"Nobody is told what happens: {why} (`mission notify watch` does it as well)")
        what = f"watcher-{self._journal.run}"  # no message: it has no notices
        for name in self._names:
            told = Told(message=what, to=name, notices=(), state=MessageState.FAILED, why=why)
            self._journal.record(told)

    def _note_death(self, error: BaseException) -> None:
        self._say(
            f"Nobody is told any more what happens: {cause(error)} (`mission notify watch` does it"
            " as well)"
        )
