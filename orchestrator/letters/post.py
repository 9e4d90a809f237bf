"""The way that letters take: refs on the remote, each leading to a commit that holds one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol

from errors import GitError, RequestRefusedError
from mission.letter import LETTER_FILE
from workspace.repository import Repository
from workspace.shared_objects import Shared
from workspace.shared_refs import SharedRefs, Swap
from workspace.signatures import Signed, signed_commit, signer

_FOLDER = "requests/"
_CLAIM = "claim"


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A letter as somebody left it. All of it is foreign text."""

    commit: str
    author: str  # name <address>
    at: datetime  # by the author's clock
    content: bytes


class Post(Protocol):
    """Where letters lie until they are answered."""

    @property
    def heard(self) -> Mapping[str, str] | None:
        """All that was there when letters were last asked for, by name, with its commits; None:
        they were not."""

    def waiting(self) -> Mapping[str, str]:
        """The letters that lie there, by id, with their commits.

        Raises:
            GitError: The remote cannot be reached.
        """

    def open(self, letter: str, commit: str) -> Opened | None:
        """One of them; None: it is gone, or another one.

        Raises:
            RequestRefusedError: It is no letter.
            GitError: The remote cannot be reached.
        """

    def signer(self, commit: str, keys: bytes) -> Signed:
        """Who has signed one that was opened.

        Args:
            keys: The content of a file of allowed signers.

        Raises:
            RequestRefusedError: Nobody whose key is there.
            MissionError: It cannot be told.
        """

    def close(self) -> None:
        """It is needed no more."""

    def take_away(self, letter: str, commit: str) -> bool:
        """Take one away. One that is gone, or another one by now, is left; False for that, and
        where the remote lets nobody take one away.

        Raises:
            GitError: The remote cannot be reached.
        """


class RemotePost:
    """On the remote of a repository."""

    def __init__(self, repository: Repository, *, key: str, state_dir: Path) -> None:
        """
        Args:
            repository: It has a remote, which is not waited for while it is away.
            key: The mission, as all clones name it.
            state_dir: The mission's own folder, which exists.
        """
        self._repository = replace(repository, git=replace(repository.git, away=None))
        self._key = key
        self._state_dir = state_dir
        self.heard: Mapping[str, str] | None = None

    @cached_property
    def _refs(self) -> SharedRefs:
        """Made when it is needed: the claim has found out by then what the remote takes."""
        return SharedRefs(self._repository, key=self._key, state_dir=self._state_dir)

    def close(self) -> None:
        """Throw away what was made and fetched."""
        if "_refs" in self.__dict__:
            self._refs.close()

    def waiting(self) -> Mapping[str, str]:
        self.heard = self._refs.listed()
        return letters_in(self.heard)

    def claim(self, seen: str | None) -> tuple[str | None, Mapping[str, bytes] | None]:
        """The commit of the claim, and its files; None where it is the one that was `seen`.

        Raises:
            GitError: The remote cannot be reached.
        """
        commit = self._refs.listed().get(_CLAIM)
        if commit is None:
            return None, {}
        found = None if commit == seen else self._refs.read(_CLAIM, commit)
        return commit, None if found is None else found.files

    def open(self, letter: str, commit: str) -> Opened | None:
        try:
            found = self._refs.read(f"{_FOLDER}{letter}", commit)
        except GitError as error:
            if not self._refs.objects.has(commit):
                raise
            raise RequestRefusedError(error.message) from error  # it came, and is something else
        return None if found is None else opened(found)

    def signer(self, commit: str, keys: bytes) -> Signed:
        environment = self._refs.objects.environment
        return signer(self._repository.git, commit, keys, environment=environment)

    def take_away(self, letter: str, commit: str) -> bool:
        return self._refs.delete(f"{_FOLDER}{letter}", commit) is Swap.DONE

    def leave(self, letter: str, content: bytes, *, sign: bool, ssh: bool) -> str:
        """Leave a letter there; its commit.

        Args:
            sign: Whether it is to be signed.
            ssh: ... with an ssh key, whatever git is set to.

        Raises:
            GitError: It could not be signed, or the remote did not take it.
        """
        objects, subject, files = self._refs.objects, "a request", {LETTER_FILE: content}
        if sign:
            commit = signed_commit(
                self._repository.git,
                objects.tree(files),
                subject=subject,
                person=objects.person,
                ssh=ssh,
                environment=objects.environment,
            )
        else:
            commit = objects.make(files, subject=subject)
        if self._refs.swap(f"{_FOLDER}{letter}", commit, None) is not Swap.DONE:
            raise RequestRefusedError(
                f"the remote does not take the request: {self._refs.refused}",
                hint="Ask in the clone that carries the mission out",
            )
        return commit


def letters_in(listed: Mapping[str, str]) -> Mapping[str, str]:
    """The letters among all refs of a mission."""
    return {
        name.removeprefix(_FOLDER): commit
        for name, commit in sorted(listed.items())
        if name.startswith(_FOLDER)
    }


def opened(found: Shared) -> Opened:
    """What a commit holds, if that is a letter.

    Raises:
        RequestRefusedError: It is none.
    """
    if found.files.keys() != {LETTER_FILE}:
        raise RequestRefusedError(f"its commit does not hold {LETTER_FILE} alone")
    try:
        at = datetime.fromtimestamp(found.at, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise RequestRefusedError("its commit's time is none") from error
    return Opened(commit=found.commit, author=found.author, at=at, content=found.files[LETTER_FILE])


@dataclass(kw_only=True, slots=True)
class PostInMemory:
    """The shipped fake: letters by id, and who has signed them."""

    letters: dict[str, Opened] = field(default_factory=dict)
    signers: dict[str, Signed] = field(default_factory=dict)  # by commit
    denies: bool = False  # to take any away
    heard: Mapping[str, str] | None = None

    def waiting(self) -> Mapping[str, str]:
        self.heard = {letter: one.commit for letter, one in sorted(self.letters.items())}
        return self.heard

    def open(self, letter: str, commit: str) -> Opened | None:
        found = self.letters.get(letter)
        return found if found is not None and found.commit == commit else None

    def signer(self, commit: str, keys: bytes) -> Signed:
        found = self.signers.get(commit)
        if found is None or found.who.encode() not in keys:
            raise RequestRefusedError("its signature is of no key that counts here")
        return found

    def close(self) -> None:
        """Nothing is left to close."""

    def take_away(self, letter: str, commit: str) -> bool:
        lies = self.open(letter, commit) is not None and not self.denies
        if lies:
            del self.letters[letter]
        return lies
