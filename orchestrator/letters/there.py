"""Another clone's run, as this clone reaches it: over the remote of both."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from errors import RequestRefusedError, UnreadableError
from mission.answers import Answer
from mission.claim import read_claim
from mission.clock import SYSTEM_CLOCK, Clock
from mission.config import MissionConfig
from mission.elsewhere import Elsewhere, heard, write_elsewhere
from mission.letter import Letter, letter_bytes
from mission.place import Place
from orchestrator.claiming.gone import is_gone
from orchestrator.claiming.memory import clone_id
from orchestrator.letters.post import RemotePost
from workspace.repository import Repository


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """What somebody wants of the run in the other clone."""

    kind: str  # a `RequestKind`, or PAUSE or UNPAUSE
    tasks: tuple[str, ...] = ()
    status: str | None = None  # for `set`
    note: str | None = None


class There:
    """The remote, where the run of another clone may be heard and asked. Waits for nobody."""

    def __init__(
        self,
        place: Place,
        config: MissionConfig,
        repository: Repository,
        post: RemotePost,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._place = place
        self._config = config
        self._repository = repository
        self._post = post
        self._clock = clock
        self._clone = clone_id(place.state_dir, repository.common_dir)
        self._seen: tuple[str, Elsewhere] | None = None  # the last commit of the claim

    def look(self) -> Elsewhere:
        """How it stands there now. It is kept for whoever looks at the mission here.

        Raises:
            GitError: The remote cannot be reached.
        """
        commit, files = self._post.claim(None if self._seen is None else self._seen[0])
        now = self._clock.now()
        if files is None and self._seen is not None:  # ... or it has just moved: the next look sees
            found = replace(self._seen[1], looked=now)
        else:
            found = heard(files or {}, looked=now, clone=self._clone)
            found = found if _is_heard(files) else replace(found, claim=None)
            self._seen = None if commit is None or files is None else (commit, found)
        write_elsewhere(self._place, found)
        return found

    def leave(self, asking: Asking) -> tuple[Letter, str]:
        """Leave a letter for the run there; with its commit.

        Raises:
            GitError: The remote cannot be reached, or does not take it; or it cannot be signed.
            RequestRefusedError: The remote does not take it.
        """
        letter = Letter(
            id=secrets.token_hex(16),
            mission=self._place.state_dir.name,
            kind=asking.kind,
            tasks=asking.tasks,
            status=asking.status,
            note=asking.note,
            at=self._clock.now(),
        )
        _refuse_unreadable(letter)
        wanted = self._config.requests.signed is not None
        commit = self._post.leave(
            letter.id, letter_bytes(letter), sign=wanted or self._signs(), ssh=wanted
        )
        return letter, commit

    def withdraw(self, letter: Letter, commit: str) -> bool:
        """Take a letter back; whether it lay there still.

        Raises:
            GitError: The remote cannot be reached.
        """
        return self._post.take_away(letter.id, commit)

    def answer(self, letter: Letter) -> tuple[Answer | None, Elsewhere]:
        """The answer, once there is one; and how it stands there.

        Raises:
            GitError: The remote cannot be reached.
        """
        found = self.look()
        return next((one for one in found.answers if one.id == letter.id), None), found

    def _signs(self) -> bool:
        """Whether whoever works here signs their commits."""
        asked = self._repository.git.run("config", "--bool", "commit.gpgSign", check=False)
        return asked.text == "true"


@contextmanager
def reached(place: Place, config: MissionConfig) -> Iterator[There | None]:
    """The remote, while the `with` lasts; None where nobody speaks to other clones over it.

    Raises:
        UsageError: The repository cannot be used.
    """
    if place.repository is None or config.claim is None:
        yield None
        return
    repository = Repository.open(place.repository, base=config.base, remote=config.remote)
    if repository.remote is None:
        yield None
        return
    place.state_dir.mkdir(parents=True, exist_ok=True)
    post = RemotePost(repository, key=place.state_dir.name, state_dir=place.state_dir)
    try:
        yield There(place, config, repository, post)
    finally:
        post.close()
        repository.close()


def _refuse_unreadable(letter: Letter) -> None:
    """Refuse what the run there would refuse, before anything is sent."""
    for text in (*letter.tasks, letter.note or ""):
        if not text.isprintable():
            raise RequestRefusedError("a note goes on one line, without control characters")
    if len(letter.note or "") > 2000:
        raise RequestRefusedError("the note is too long: 2000 characters are the most")


def _is_heard(files: Mapping[str, bytes] | None) -> bool:
    """Whether somebody may hear what is left there: not where the run is known to be dead."""
    try:
        return not is_gone(read_claim(files or {}))
    except UnreadableError:
        return True
