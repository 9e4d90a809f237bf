"""Where the submodules of a repository come from, and how each of those remotes is waited for.

None of them is the mission's remote: that one answers or is away says nothing of another.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote
from typing import Self

from errors import GitError, RemoteAwayError
from workspace.away import Away
from workspace.git import Git
from workspace.git_command import GitOutput, reason
from workspace.git_locks import refusal
from workspace.redact import Redactor
from workspace.repository import Repository
from workspace.settings_file import settings_in

_PROTOCOLS = "https:http:ssh:git:file"  # an agent may have written the address


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmoduleHosts:
    """The remotes of submodules. For any thread."""

    repository: Repository
    own: Mapping[str, str]  # by name: where each comes from, as a person's settings had it
    say: Callable[[str], None]
    _waits: dict[str, Away] = field(default_factory=dict)  # by address

    @classmethod
    def of(cls, repository: Repository, say: Callable[[str], None]) -> Self:
        """As the repository's settings are now: whoever works later changes none of it.

        Args:
            say: Gets a line for people when a remote is away, or back.
        """
        own = {
            key.removeprefix("submodule.").removesuffix(".url"): url
            for key, url in settings_in(repository.common_dir / "config")
            if key.startswith("submodule.") and key.endswith(".url")
        }
        return cls(repository=repository, own=own, say=say)

    def origins(self, commit: str) -> Origins:
        """Where they come from, by what a commit says and what a person has said instead."""
        return Origins.of(self.repository, commit, self.own)

    def fetch(
        self, git: Git, path: str, *words: str, address: str, holding: Sequence[int] = ()
    ) -> GitOutput:
        """Run `git fetch WORDS` for the submodule in `path`, which comes from `address`; `holding`
        as `Git.run` has it.

        Raises:
            GitError: The remote could not be reached for as long as is waited for one.
            StoppedError: A stop was requested.
        """
        named = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules")
        try:
            return replace(git, away=self._wait(address)).run(
                *named, *words,
                check=False, environment={"GIT_ALLOW_PROTOCOL": _PROTOCOLS}, holding=holding,
            )  # fmt: skip
        except RemoteAwayError as error:
            # Of one row, and not of the run: whoever needs no submodule can go on.
            raise GitError(
                f"the submodule {path} cannot be had: {error.message}",
                hint="Once it answers, unblock the row; where the address is wrong, "
                f"`git config {quote(f'submodule.{path}.url')} ADDRESS` says another, for the next "
                "run",
            ) from error

    def _wait(self, address: str) -> Away | None:
        away = self.repository.git.away
        if away is None:
            return None
        shown = Redactor.from_environment().text(address)
        return self._waits.setdefault(
            address, away.beside(f"the remote {shown}", lambda text, _away: self.say(text))
        )


def refused(path: str, said: GitOutput, git: Git) -> GitError:
    """The error for a fetch of the submodule in `path` that did not work."""
    message = f"the remote of the submodule {path} refuses: {reason(said)}"
    return refusal(message, said.stderr, folder=git.git_dir)


@dataclass(frozen=True, kw_only=True, slots=True)
class Origins:
    """Where submodules come from, by the `.gitmodules` of a commit (gitmodules(5))."""

    settings: Mapping[str, str]  # of that file
    own: Mapping[str, str]  # by name: what a person has said instead
    beside: str  # what relative addresses are relative to
    top: Path  # ... and where they are, if that is empty

    @classmethod
    def of(cls, repository: Repository, commit: str, own: Mapping[str, str]) -> Self:
        listed = repository.git.run(
            "config", "-z", "--blob", f"{commit}:.gitmodules", "--list", check=False
        )
        return cls(
            settings=dict(field.partition("\n")[::2] for field in listed.fields),
            own=own,
            beside=repository.address() or "",
            top=repository.top,
        )

    def name(self, path: str) -> str | None:
        """What the submodule in a folder is called; None: the file does not say."""
        for setting, value in self.settings.items():
            named = re.fullmatch(r"submodule\.(.*)\.path", setting, re.DOTALL)
            if named is not None and value == path:
                return named[1]
        return None

    def address(self, path: str) -> str | None:
        """Where the submodule in a folder comes from; None: nobody says."""
        name = self.name(path)
        # By its folder, too: that is its name, where nobody has named it otherwise.
        own = self.own.get(path if name is None else name)
        given = own or self.settings.get(f"submodule.{name}.url")
        if given is None or not given.startswith(("./", "../")):
            return given
        return _beside(self.beside, given) if self.beside else str(self.top / given)


def _beside(address: str, relative: str) -> str:
    """An address relative to another, which may be a path, a URL or `host:path`."""
    start = re.match(r"[a-z+]+://[^/]*/|[^/:]+:", address)
    whole = start[0] if start else ""
    return whole + posixpath.normpath(posixpath.join(address.removeprefix(whole), relative))
