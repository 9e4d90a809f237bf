"""Refs on the remote by which the clones of a mission speak to each other.

They are `refs/mission-runner/KEY/NAME`, which nobody fetches who does not ask for them; where a
remote refuses these, branches serve: `refs/heads/mission-runner/KEY/NAME`. Each leads to a commit
that holds a few small files (`workspace.shared_objects`), and is moved by compare-and-swap.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

from errors import GitError
from workspace.git import Git
from workspace.git_command import GitOutput, reason
from workspace.git_locks import lock_in_the_way, refusal
from workspace.remotes import places
from workspace.repository import Repository
from workspace.settings_file import settings_in
from workspace.shared_note import serves_branches, shared_note
from workspace.shared_objects import Shared, SharedObjects

HIDDEN, BRANCHES = "refs/mission-runner", "refs/heads/mission-runner"
# What was to be deleted has no arrow before it.
_REJECTED = re.compile(
    r"^ ! \[(?:remote )?rejected\] +(?:\S+ -> )?(?P<ref>\S+) \((?P<why>.*)\)$", re.MULTILINE
)
STALE = "stale info"  # git itself has seen that the ref is not where it was expected


class Swap(Enum):
    """What became of an attempt to move a ref."""

    DONE = "done"
    MOVED = "moved"  # it is not where it was expected
    REFUSED = "refused"  # the remote does not take it


class SharedRefs:
    """Those of one mission, on the remote of its repository. For any thread, one at a time."""

    def __init__(self, repository: Repository, *, key: str, state_dir: Path) -> None:
        """
        Args:
            repository: It has a remote.
            key: The mission, as all clones name it.
            state_dir: The mission's own folder, which exists.
        """
        self._repository = repository
        self._key = key
        self._state_dir = state_dir
        self._note = shared_note(state_dir)
        self.objects = self._new_objects()
        self.refused = ""  # why the remote last refused a ref

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Throw away what was made and fetched."""
        self.objects.close()

    @property
    def remote(self) -> str:
        """The remote's name."""
        return str(self._repository.remote)

    @property
    def in_branches(self) -> bool:
        """Whether the remote takes branches only, as far as this clone knows."""
        return serves_branches(self._state_dir)

    def use_branches(self) -> None:
        """From now on, branches serve. What was made and fetched before is thrown away."""
        if not self.in_branches:
            self._note.write_text("the remote refuses refs/mission-runner\n", encoding="utf-8")
            self._begin_anew()

    def _use_hidden(self) -> None:
        if self.in_branches:
            self._note.unlink(missing_ok=True)  # another process may be at the same
            self._begin_anew()

    def _begin_anew(self) -> None:
        self.objects.close()
        self.objects = self._new_objects()

    def _new_objects(self) -> SharedObjects:
        return SharedObjects(
            self._repository, state_dir=self._state_dir, tracked=self._is_tracked()
        )

    def _is_tracked(self) -> bool:
        """Whether git keeps refs of its own of what is fetched and pushed there."""
        wanted = f"remote.{self._repository.remote}.fetch"
        place = self.ref("")
        return any(
            name == wanted and place.startswith(_source(value))
            for name, value in settings_in(self._repository.common_dir / "config")
        )

    def ref(self, name: str) -> str:
        """The full name of a ref."""
        return f"{BRANCHES if self.in_branches else HIDDEN}/{self._key}/{name}"

    def listed(self, *, patiently: bool = True) -> Mapping[str, str]:
        """All refs of the mission that the remote has, with their commits. Asks the remote.

        Args:
            patiently: Whether a remote that is away is waited for, where the repository waits.

        Raises:
            GitError: It cannot be reached.
        """
        prefixes = [f"{kind}/{self._key}/" for kind in (HIDDEN, BRANCHES)]
        asked = [f"{prefix}*" for prefix in prefixes]
        lines = self._git(patiently=patiently).text("ls-remote", "--refs", self.remote, *asked)
        found: list[dict[str, str]] = [{}, {}]
        for line in lines.splitlines():
            oid, _, ref = line.partition("\t")
            for kind, prefix in zip(found, prefixes, strict=True):
                if ref.startswith(prefix):
                    kind[ref.removeprefix(prefix)] = oid
        hidden, branches = found
        if branches and not hidden:
            self.use_branches()  # whoever came first had to
        elif hidden and not branches:
            self._use_hidden()  # the remote refuses us, and not whoever came first
        return branches if self.in_branches else hidden

    def read(self, name: str, commit: str) -> Shared | None:
        """The commit that `listed` has just found a ref at; None: it is elsewhere by now.

        Raises:
            GitError: The remote cannot be reached; or it is no such commit, or too big.
        """
        if not self.objects.has(commit):
            self._fetch(name)
        return self.objects.read(commit)

    def _fetch(self, name: str) -> None:
        fetched = self._repository.git.run(
            "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head",
            "--no-filter", self.remote, self.ref(name),
            check=False, environment=self.objects.environment,
        )  # fmt: skip
        if fetched.code != 0 and "find remote ref" not in fetched.stderr:
            raise GitError(f"{self.ref(name)} cannot be fetched: {reason(fetched)}")

    def swap(self, name: str, new: str, old: str | None, *, patiently: bool = True) -> Swap:
        """Move a ref from `old` (None: it must not be there) to `new`, wholly or not at all.

        Where the remote refuses, `refused` says why.

        Args:
            patiently: As `listed`.

        Raises:
            LockedError: A git died there, and its lock stays.
            GitError: The remote cannot be reached, or nobody can tell what became of it.
        """
        return self._swap(self._git(patiently=patiently), name, f"{new}:{self.ref(name)}", new, old)

    def delete(self, name: str, old: str) -> Swap:
        """Delete a ref that is at `old`.

        Raises:
            GitError: As `swap`.
        """
        return self._swap(self._git(), name, f":{self.ref(name)}", None, old)

    def _git(self, *, patiently: bool = True) -> Git:
        git = self._repository.git
        return git if patiently else replace(git, away=None)

    def _swap(self, git: Git, name: str, change: str, new: str | None, old: str | None) -> Swap:
        pushed = git.run(
            "push", "--quiet", "--no-follow-tags", "--no-recurse-submodules", "--no-signed",
            self.lease(name, old), self.remote, change,
            check=False, environment=self.objects.environment,
        )  # fmt: skip
        if pushed.code == 0:
            return Swap.DONE
        why = self.rejected(name, pushed)
        if why == STALE:
            return Swap.MOVED
        if why is None and "remote ref does not exist" not in pushed.stderr:
            raise self.refusal(name, pushed)
        now = self.listed().get(name)
        if now == new:
            return Swap.DONE
        if now == old and lock_in_the_way(pushed.stderr):
            raise self.refusal(name, pushed)
        self.refused = reason(pushed)
        return Swap.REFUSED if now == old else Swap.MOVED

    def refusal(self, name: str, pushed: GitOutput) -> GitError:
        """The error for a push that left a ref alone."""
        return refusal(
            f"{self.ref(name)} cannot be pushed: {reason(pushed)}",
            pushed.stderr,
            places=places(self._repository.git, self.remote),
        )

    def lease(self, name: str, old: str | None) -> str:
        """The option by which a push takes a ref from `old` only."""
        return f"--force-with-lease={self.ref(name)}:{old or ''}"

    def rejected(self, name: str, pushed: GitOutput) -> str | None:
        """Why a push left this ref alone, in git's words; None: it says nothing of it."""
        ref = self.ref(name)
        names = (ref, ref.removeprefix("refs/heads/"))
        found = (one["why"] for one in _REJECTED.finditer(pushed.stderr) if one["ref"] in names)
        return next(found, None)


def _source(refspec: str) -> str:
    """What the refs begin with that a refspec takes from the remote."""
    return refspec.lstrip("+").partition(":")[0].partition("*")[0]
