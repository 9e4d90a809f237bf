"""How a clone comes to hold the claim, or is told who does."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable

from errors import GitError
from mission.claim import ClaimNote
from mission.clock import Clock
from mission.config.claiming import ClaimConfig
from orchestrator.claiming.claim_ref import ClaimRef, Found
from orchestrator.claiming.gone import is_gone
from orchestrator.claiming.memory import MemoryFile
from orchestrator.claiming.words import held, not_taken, watching
from policy.claim import Turn, silence, turn, watch
from workspace.alive import numbers, started
from workspace.process import Stop
from workspace.shared_refs import Swap

_TRIES = 20
#: Moves the ref from what was found to a claim of ours.
Move = Callable[[Found, ClaimNote], Swap]


class Taking:
    """Takes the claim where that may be."""

    def __init__(
        self,
        ref: ClaimRef,
        memory: MemoryFile,
        *,
        key: str,
        clone: str,
        settings: ClaimConfig,
        clock: Clock,
        stop: Stop,
        say: Callable[[str], None],
        take_over: bool,
        on_held: Callable[[Found], None],
    ) -> None:
        """
        Args:
            key: The mission, as all clones name it.
            clone: This clone.
            say: Tells people a line.
            take_over: Whether a person wants it taken over as soon as that may be.
            on_held: Told what another clone shows that has it.
        """
        self._ref = ref
        self._memory = memory
        self._key = key
        self._clone = clone
        self._settings = settings
        self._clock = clock
        self._stop = stop
        self._say = say
        self._take_over = take_over
        self._on_held = on_held

    def take(self, move: Move) -> Found:
        """Take it; what the ref was at before.

        Raises:
            ClaimHeldError: Another clone has it.
            GitError: The remote cannot be reached, or takes no claim.
            StoppedError: A stop was requested meanwhile.
        """
        found = self._ref.left() or self._ref.look()
        watched: Found | None = None
        refused = False
        for _ in range(_TRIES):
            if not self._may_take(found, watched):
                watched = found
            else:
                match move(found, self._note()):
                    case Swap.DONE:
                        return found
                    case Swap.REFUSED if refused or not self._ref.use_branches():
                        raise not_taken(self._ref.name, self._ref.refused)
                    case Swap.REFUSED:
                        refused = True
                    case Swap.MOVED:
                        pass
            found = self._ref.look()
        raise GitError(f"{self._ref.name} keeps moving")

    def _may_take(self, found: Found, watched: Found | None) -> bool:
        """Whether it may be taken now; else it was watched for a while, and is to be looked at.

        Raises:
            ClaimHeldError: Another clone has it.
            StoppedError: A stop was requested meanwhile.
        """
        note = found.note
        if found.commit is None or note is None:
            return True  # nobody has it, or it is as we left it
        now = self._clock.now()
        mine = not note.held or note.clone == self._clone
        seen = now if mine else self._memory.first_seen(found.commit, now)
        what = turn(
            note,
            clone=self._clone,
            seen=seen,
            now=now,
            take_over=self._take_over,
            gone=is_gone(note),
        )
        if what in (Turn.TAKE, Turn.GO_ON):
            return True
        if what is Turn.WATCH and watched is None:
            self._say(watching(note, seen=seen, now=now))
            self._stop.wait(watch(note).total_seconds())
            self._stop.heed()
            return False
        if what is Turn.WATCH and watched is not None and watched.commit == found.commit:
            return True
        silent = silence(note, seen=seen, now=now)
        self._on_held(found)
        raise held(note, silent=silent, stale=what is Turn.STALE)

    def _note(self) -> ClaimNote:
        """A claim of this process."""
        now, settings = self._clock.now(), self._settings
        return ClaimNote(
            mission=self._key,
            state="held",
            run=secrets.token_hex(16),
            clone=self._clone,
            carries=self._clone,
            host=socket.gethostname()[:300],
            pid=os.getpid(),
            pid_started=started(os.getpid()) or 0.0,
            numbers=numbers(),
            who=self._ref.who[:300],
            since=now,
            sign=now,
            every=settings.sign.total_seconds(),
            take_over=settings.take_over.total_seconds(),
            lapse=settings.lapse.total_seconds(),
        )
