"""The ref on the remote that says who carries a mission out."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from errors import GitError, UnreadableError
from mission.claim import CLAIM_FILE, ClaimNote, claim_bytes, read_claim
from orchestrator.claiming.memory import MemoryFile
from workspace.escort import Luggage
from workspace.git_command import GitOutput
from workspace.git_locks import lock_in_the_way
from workspace.shared_objects import is_plain
from workspace.shared_refs import STALE, SharedRefs, Swap

_NAME = "claim"
# Commits behind each other: what the one before had is not sent again. Then one has none before it,
# so that they do not pile up on the remote.
_CHAIN = 64
_TRIES = 20
# Git's words where refs move together or not at all.
_NOT_ATOMIC, _WITH_ANOTHER = "does not support --atomic", "atomic push failed"
_OF_ALL = ("error: atomic push failed", "fatal: the remote end hung up unexpectedly")
_SUBJECT = "Claim of a mission [skip ci]"


class Along(Enum):
    """What became of the ref in a push that it went along with."""

    MOVED = "moved"
    REFUSED = "refused"  # the push failed for reasons of its own
    ELSEWHERE = "elsewhere"  # the ref is not where we thought
    NOT_ATOMIC = "not atomic"  # the remote moves no refs together
    UNKNOWN = "unknown"  # git says nothing of it


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What the ref is at."""

    commit: str | None = None  # None: nobody has made a claim
    note: ClaimNote | None = None  # None: ... or it is ours, and not read again
    files: Mapping[str, bytes] = field(default_factory=dict)  # what goes along


class ClaimRef:
    """One clone's view of it. For any thread, one at a time."""

    def __init__(self, refs: SharedRefs, memory: MemoryFile) -> None:
        self._refs = refs
        self._memory = memory
        self._chain = 0
        self._made: deque[str] = deque(maxlen=2 * _CHAIN)  # commits of ours
        self.at: str | None = None  # where the ref is, as far as is known
        self.unsure = False  # a push has failed, and nobody knows whether it arrived

    @property
    def who(self) -> str:
        """Who works here, as git knows them."""
        return self._refs.objects.person

    @property
    def name(self) -> str:
        """The ref's full name."""
        return self._refs.ref(_NAME)

    @property
    def refused(self) -> str:
        """Why the remote last refused it."""
        return self._refs.refused

    def use_branches(self) -> bool:
        """Let a branch serve; whether it did not before."""
        before = self._refs.in_branches
        self._refs.use_branches()
        self.at, self._chain = None, 0
        return not before

    def close(self) -> None:
        """Throw away what was made and fetched."""
        self._chain = 0  # what comes next has nothing before it that is here
        self._refs.close()

    def left(self) -> Found | None:
        """The ref as this clone left it, without asking; None: it never had it."""
        left = self._memory.read().left
        return None if left is None or self._refs.in_branches else Found(commit=left)

    def look(self) -> Found:
        """Ask what it is at.

        Raises:
            GitError: The remote cannot be reached.
            UnreadableError: It is no claim that this version understands.
        """
        for _ in range(_TRIES):
            commit = self._refs.listed().get(_NAME)
            if commit is None:
                return Found()
            shared = self._refs.read(_NAME, commit)
            if shared is not None:
                return self._found(commit, shared.files)
        raise GitError(f"{self.name} keeps moving")

    def look_anew(self, heard: Mapping[str, str] | None) -> Found | None:
        """What it is at, if another clone had it since this one left it.

        Args:
            heard: What was on the remote just now; None: it is asked.

        Raises:
            GitError, UnreadableError: As `look`.
        """
        now = (self._refs.listed() if heard is None else heard).get(_NAME)
        return None if now in (None, self.at, self._memory.read().left) else self.look()

    def _found(self, commit: str, files: Mapping[str, bytes]) -> Found:
        try:
            note = read_claim(files)
        except UnreadableError as error:
            if error.hint:
                raise
            raise UnreadableError(
                f"{error.message} ({self.name})",
                hint=f"If nobody carries the mission out, `git push {self._refs.remote} "
                f":{self.name}` removes it",
            ) from error
        rest = {path: text for path, text in files.items() if path != CLAIM_FILE and is_plain(path)}
        return Found(commit=commit, note=note, files=rest)

    def make(self, note: ClaimNote, files: Mapping[str, bytes]) -> str:
        """A commit that takes the place of the one that the ref is at.

        Raises:
            OSError: It cannot be written.
        """
        behind = self._refs.in_branches or 0 < self._chain < _CHAIN
        commit = self._refs.objects.make(
            {**files, CLAIM_FILE: claim_bytes(note)},
            subject=_SUBJECT,
            parent=self.at if behind else None,
        )
        self._made.append(commit)
        self._chain = self._chain + 1 if behind else 1
        return commit

    def move(self, commit: str, *, patiently: bool = True) -> Swap:
        """Move it from where it is to a commit of ours.

        Raises:
            GitError: The remote cannot be reached.
        """
        self.unsure = True
        moved = self._refs.swap(_NAME, commit, self.at, patiently=patiently)
        self.unsure = False
        if moved is Swap.DONE:
            self.at = commit
        return moved

    def luggage(self, commit: str) -> Luggage:
        """What another push takes along to move it to a commit of ours, or to fail as a whole."""
        self.unsure = True
        return Luggage(
            options=("--atomic", self._refs.lease(_NAME, self.at)),
            changes=(f"{commit}:{self.name}",),
            environment=self._refs.objects.beside,
        )

    def came_along(self, pushed: GitOutput, commit: str) -> Along:
        """What became of it in such a push.

        Raises:
            LockedError: A git died there, and its lock keeps this ref from moving.
            GitError: The remote cannot be reached, and nobody can tell.
        """
        if pushed.code == 0:
            self.at, self.unsure = commit, False
            return Along.MOVED
        if _NOT_ATOMIC in pushed.stderr:
            self.unsure = False
            return Along.NOT_ATOMIC
        why = self._refs.rejected(_NAME, pushed)
        if why is None:
            return Along.UNKNOWN
        if why == _WITH_ANOTHER or (why != STALE and self._refs.listed().get(_NAME) == self.at):
            self.unsure = False
            lock = lock_in_the_way(pushed.stderr)
            if lock is not None and str(lock.path).endswith(f"/{self.name}.lock"):
                raise self._refs.refusal(_NAME, pushed)  # git refuses the rest because of it
            return Along.REFUSED
        return Along.ELSEWHERE

    def without(self, pushed: GitOutput) -> GitOutput:
        """What git said of such a push, and nothing of this ref."""
        kept = [
            line
            for line in pushed.stderr.splitlines()
            if self.name not in line and not line.startswith(_OF_ALL)
        ]
        return replace(pushed, stderr="\n".join(kept))

    def remember(self, signed: datetime | None = None) -> None:
        """It is at a commit of ours, and what was there before was taken in. `signed`: what goes
        along is as it was then."""
        if self.at is not None:
            self._memory.left_at(self.at, signed)

    def is_ours(self, *, patiently: bool = True) -> bool:
        """Ask where it is, after a push that left that open; whether that is where we had it, a
        commit of ours, or it is gone.

        Raises:
            GitError: The remote cannot be reached.
        """
        now = self._refs.listed(patiently=patiently).get(_NAME)
        if now is not None and now != self.at and now not in self._made:
            return False
        self.at, self.unsure = now, False
        return True
