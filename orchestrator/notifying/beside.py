"""Begins the process that tells people what happens, and looks after it while the run lasts.

It is no child that ends with us: it tells what is left when the run is over, and that the run died
if it did.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from errors import MachineError
from mission.config import NotifyConfig
from mission.journal import Journal
from mission.journal.kinds import NotifyBegan
from mission.place import Place
from orchestrator.notifying.noting import note_deaths
from tasks_md.holder import is_alive, started
from workspace.side_thread import SideWork, cause

LOG = "notify.log"
_TRIES = 3  # to have it live
_LOOK_EVERY = 1.0  # seconds


class NotifyBeside(SideWork):
    """Has people told what happens while a `with` lasts, and what came of it after that. It holds
    nothing up, and what goes wrong with it changes nothing about the run."""

    def __init__(
        self, place: Place, config: NotifyConfig, journal: Journal, *, say: Callable[[str], None]
    ) -> None:
        """`journal`: written in the name of the run; `say` tells people a line."""
        super().__init__("notify")
        self._place = place
        self._names = tuple(one.called for one in config.to)
        self._journal = journal
        self._say = say

    def __enter__(self) -> Self:
        if self._wanted():
            note_deaths(self._journal)
            self._journal.record(NotifyBegan(to=self._names))
        return super().__enter__()

    def _wanted(self) -> bool:
        return bool(self._names)

    def _work(self) -> None:
        for _ in range(_TRIES):
            pid = self._begin()
            since = started(pid)
            while since is not None and is_alive(pid, since):
                if self._over.wait(_LOOK_EVERY):
                    return  # it goes on by itself
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
        raise MachineError(f"it ended {_TRIES} times; {self._place.state_dir / LOG} says why")

    def _begin(self) -> int:
        """Start it, in a session of its own: a terminal's Ctrl-C is for the run. Its pid."""
        log = os.open(
            self._place.state_dir / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
        )
        words = ("notify", "watch", str(self._place.task_file), "--run", str(self._journal.run))
        try:
            return os.posix_spawn(
                sys.executable,
                [sys.executable, "-P", "-m", "cli", *words],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, log, 1),
                    (os.POSIX_SPAWN_DUP2, log, 2),
                ],
                setsid=True,
            )
        finally:
            os.close(log)

    def _note_death(self, error: BaseException) -> None:
        self._say(
            f"Nobody is told any more what happens: {cause(error)} (`mission notify watch` does it"
            " as well)"
        )
