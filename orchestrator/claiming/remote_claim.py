"""The claim as it is held on the remote: taken, carried along with each push, given back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from errors import ClaimLostError, GitError, MissionError, StoppedError, told
from mission.amounts import span
from mission.claim import ClaimNote
from mission.clock import Clock
from orchestrator.claiming.carried import Carried
from orchestrator.claiming.claim_ref import Along, ClaimRef, Found
from orchestrator.claiming.renewal import Renewal
from orchestrator.claiming.taking import Taking
from orchestrator.claiming.vigil import Vigil
from orchestrator.claiming.words import not_given_back, taken_over
from policy.claim import yields_after
from workspace.escort import Luggage, Push
from workspace.git_command import GitOutput
from workspace.process import Stop
from workspace.shared_refs import Swap

_TRIES = 20
_YIELDED = (
    "agents end before another clone takes the mission, and their rows go on in their sessions "
    "once it has one"
)


class RemoteClaim:
    """See `Claim`. Its lock is held while something is pushed: the ref moves one step at a time."""

    def __init__(
        self,
        ref: ClaimRef,
        taking: Taking,
        *,
        carried: Carried,
        clock: Clock,
        stop: Stop,
        say: Callable[[str], None],
        tell_away: Callable[[str, bool], None],
        patience: timedelta,
    ) -> None:
        """
        Args:
            taking: Decides whether it may be taken.
            carried: What goes along.
            say: Tells people a line.
            tell_away: Tells people a line, and whether the remote is away, when that changes.
            patience: How long the run waits for the remote.
        """
        self._ref = ref
        self._taking = taking
        self._carried = carried
        self._clock = clock
        self._stop = stop
        self._say = say
        self._tell_away = tell_away
        self._patience = patience.total_seconds()
        self._lock = threading.RLock()
        self._note: ClaimNote | None = None  # what our claim says, while it is ours
        # Of another clone, until it was taken in: it goes along in place of ours.
        self._left: Mapping[str, bytes] | None = None
        self._lost: ClaimLostError | None = None
        self._atomic = True
        self._signing = 0.0  # when the sign was made that is on its way, by `boottime`
        self._signed = 0.0  # ... that the remote has
        self._renewal: Renewal | None = None
        self._vigil: Vigil | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def taken(self) -> bool:
        return self._note is not None and self._lost is None

    @property
    def silent(self) -> bool:
        note = self._note
        if note is None:
            return False
        return self._since_sign() > min(note.take_over, yields_after(note.lapse))

    @property
    def yields(self) -> bool:
        note = self._note
        return note is not None and self._since_sign() > yields_after(note.lapse)

    def _since_sign(self) -> float:
        return self._clock.boottime() - self._signed

    @contextmanager
    def calling(self, listener: Callable[[], None]) -> Iterator[None]:
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def take(self) -> bool:
        with self._lock:
            self._refuse_lost()
            if self._note is not None:
                return False
            before = self._taking.take(self._claim)
            another = before.note is not None and before.note.clone != self._note_now().clone
            try:
                if self._left is not None:
                    self._carried.absorb(self._left)
            except BaseException:
                self.give_back()
                raise
            self._left = None
            self._ref.remember()
            self._renewal = Renewal(
                self._sign_if_due,
                every=self._note_now().every,
                say=self._say,
                give_up=self._stop.give_up,
            )
            self._renewal.start()
            self._vigil = Vigil(
                lambda: self.yields,
                clock=self._clock,
                on_change=self._change,
                on_suspend=self._renewal.hurry,
                most=max(0.0, self._patience - yields_after(self._note_now().lapse)),
                give_up=self._stop.give_up,
            )
            self._vigil.start()
            return another

    def has_news(self, heard: Mapping[str, str] | None) -> bool:
        with self._lock:
            found = self._ref.look_anew(heard)
            return found is not None and self._carried.is_new(found.files)

    def _change(self, yields: bool) -> None:
        """Tell who waits for it that another clone may soon have the mission, or that it may not
        any more."""
        if yields:
            told = span(timedelta(seconds=self._since_sign()))
            self._tell_away(f"the remote has had no sign of this run for {told}: {_YIELDED}", True)
        else:
            self._tell_away("the remote has a sign of this run again", False)
        self._call()

    def _call(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def _claim(self, before: Found, note: ClaimNote) -> Swap:
        """Move the ref from what was found to our claim."""
        foreign = before.note is not None and before.note.carries != note.clone
        self._note = replace(note, carries=before.note.carries) if foreign and before.note else note
        self._left = before.files if foreign else None
        self._ref.at = before.commit
        try:
            moved = self._ref.move(self._next())
        except BaseException:
            self._note = None
            raise
        if moved is Swap.DONE:
            self._signed = self._signing
        else:
            self._note = None
        return moved

    def _note_now(self) -> ClaimNote:
        if self._note is None:
            raise GitError("the claim on the mission is not taken")
        return self._note

    def _next(self) -> str:
        """The next commit of our claim, with a sign of now."""
        self._signing = self._clock.boottime()
        note = self._note = replace(self._note_now(), sign=self._clock.now())
        if self._left is not None:
            return self._ref.make(note, self._left)
        self._note = note = replace(note, carries=note.clone)
        return self._ref.make(note, self._carried.files())

    def along(self, push: Push) -> GitOutput:
        with self._lock:
            self.take()
            for _ in range(_TRIES):
                self._settle()
                if not self._atomic:
                    self._sign()
                    return push(Luggage())
                commit = self._next()
                pushed = push(self._ref.luggage(commit))
                match self._ref.came_along(pushed, commit):
                    case Along.MOVED:
                        self._came_through()
                        return pushed
                    case Along.REFUSED | Along.UNKNOWN:
                        return self._ref.without(pushed)
                    case Along.NOT_ATOMIC:
                        self._atomic = False
                    case Along.ELSEWHERE:
                        pass  # settled, or lost, in the next turn
        raise GitError(f"{self._ref.name} keeps moving")

    def prove(self) -> None:
        with self._lock:
            self.take()
            self._sign()

    def _sign(self, *, patiently: bool = True) -> None:
        """Give a sign of life."""
        for _ in range(_TRIES):
            self._settle(patiently=patiently)
            moved = self._ref.move(self._next(), patiently=patiently)
            if moved is Swap.DONE:
                self._came_through()
                return
            if moved is Swap.REFUSED:
                raise GitError(f"the remote refuses {self._ref.name}: {self._ref.refused}")
            self._ref.unsure = True
        raise GitError(f"{self._ref.name} keeps moving")

    def _sign_if_due(self) -> float:
        """For the renewal: give a sign if one is due; in how many seconds the next one is."""
        with self._lock:
            self._refuse_lost()
            note = self._note
            if note is None:
                return 0.0
            if self._since_sign() >= note.every:
                self._sign(patiently=False)
            return max(0.0, note.every - self._since_sign())

    def _came_through(self) -> None:
        """The remote has our sign."""
        was_silent, self._signed = self.silent, self._signing
        if self._left is None:
            self._ref.remember(None if self._note is None else self._note.sign)
        if was_silent:
            self._call()

    def _refuse_lost(self) -> None:
        if self._lost is not None:
            raise ClaimLostError(self._lost.message, hint=self._lost.hint)

    def _settle(self, *, patiently: bool = True) -> None:
        """Know where the ref is; if it is not ours any more, stop the run.

        Raises:
            ClaimLostError: Another clone has the claim.
            GitError: The remote cannot be reached.
        """
        self._refuse_lost()
        if not self._ref.unsure or self._ref.is_ours(patiently=patiently):
            return
        try:
            note = self._ref.look().note
        except MissionError:
            note = None  # whatever it is: it is not ours
        self._lost = taken_over(note)
        self._stop.give_up(self._lost.message)
        self._refuse_lost()

    def give_back(self) -> None:
        """See `Claim`."""
        vigil, self._vigil = self._vigil, None
        if vigil is not None:
            vigil.end()
        renewal, self._renewal = self._renewal, None
        if renewal is not None:
            renewal.end()
        with self._lock:
            note = self._note
            if note is not None and self._lost is None:
                self._note = replace(note, state="free")
                try:
                    self._sign()
                except StoppedError as error:
                    self._say(not_given_back(note, error.message))
                except (MissionError, OSError) as error:
                    self._say(not_given_back(note, told(error).message))
            self._note = None
            self._ref.close()
