"""A repository that missions are carried out in: where it is, its base branch, its remote."""

from __future__ import annotations

import os
import re
import shlex
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from filelock import FileLock

from errors import GitError, UsageError
from workspace import ahead
from workspace.away import Away
from workspace.escort import Escort
from workspace.git import OLDEST, Git
from workspace.git_command import GitOutput, reason
from workspace.git_environment import program
from workspace.git_locks import lock_in_the_way, refusal
from workspace.hook_files import seen
from workspace.remotes import has_remote, places
from workspace.settings import Settings

# Of this process; the lock file is between processes.
_LOCKS: defaultdict[Path, threading.RLock] = defaultdict(threading.RLock)
# Names that git allows and then takes for something else, or shows in place of none.
_CONFUSING = ("@", "head", "fetch_head", "merge_head", "(detached)")
_TRIES = 20  # of a fetch that somebody else's git was in the way of
# A push of ours or a person's fetch moves the same ref; `git worktree add` begins with a null HEAD.
# Locks that are held are waited for elsewhere (`workspace.away`).
_PASSING = re.compile(r"cannot lock ref.{0,300}but expected|bad object worktrees/")
# A branch name that is one by git's rules, whatever else these say (git-check-ref-format(1)).
_PLAIN = re.compile(r"[A-Za-z0-9_]+(?:[./-][A-Za-z0-9_]+)*")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A repository and the branch that its missions merge into."""

    # In `top`. It reaches the remote only while the settings are as they were when it was opened.
    git: Git
    top: Path  # the orchestrator's checkout; the git folder itself where there is none
    common_dir: Path  # the git folder that all its worktrees share
    # The folder of its hooks as it was opened: git is told so where it runs them, whatever somebody
    # has set meanwhile.
    hooks: Path
    hooks_seen: Mapping[str, str]  # a digest of each that a push runs, as it was then
    bare: bool  # without a checkout
    base: str  # the name of the base branch
    remote: str | None  # the remote that has the truth about `base`; None: there is none
    settings: Settings  # as they were when it was opened
    escort: Escort | None = None  # goes along with each push; None: nothing does
    task_file: str | None = None  # its path, for whoever writes a mission's (`workspace.ahead`)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        base: str = "main",
        remote: str | None = "origin",
        away: Away | None = None,
        asked: Git | None = None,
    ) -> Repository:
        """The repository that `folder` lies in. A remote that it does not have counts as none.

        Args:
            away: Waits where the remote cannot be reached; without it that is an error.
            asked: Git in this repository whose process for questions is to be used too.

        Raises:
            UsageError: There is no repository, or git is too old.
        """
        git = Git(folder)
        _check_version()
        found = git.run(
            "rev-parse", "--is-bare-repository", "--is-inside-git-dir", "--path-format=absolute",
            "--git-dir", "--git-common-dir", "--git-path", "hooks", "--show-toplevel",
            check=False, hooks=True,  # as git finds them, and not as we switch them off
        )  # fmt: skip
        facts = found.stdout.removesuffix("\n").split("\n", 5)
        # The last question is refused in a folder of git's own.
        if found.code != 0 and len(facts) < 5:
            raise UsageError(
                f"{folder} is not in a git repository that can be used: {reason(found)}",
                hint="Go to a clone of the mission's repository, or name a TASKS.md in one",
            )
        bare, inside, git_dir, common_dir, hooks = facts[:5]
        is_bare = bare == "true"
        if is_bare and inside == "false":
            raise _taken_for_bare(folder, Path(git_dir), Path(common_dir))
        if found.code != 0 and not is_bare:
            raise GitError(f"git rev-parse: {reason(found)}")
        top = Path(common_dir if is_bare else facts[5])
        shared = Path(common_dir).resolve()
        known = remote if remote is not None and has_remote(git, shared, remote) else None
        settings = Settings.of(
            remote=known or "", common_dir=shared, git_dir=Path(git_dir).resolve()
        )
        hooks_folder = _hooks(Path(hooks), folder, top)
        return cls(
            git=Git(
                top,
                before_network=None if known is None else settings.check,
                away=away,
                stop=None if away is None else away.stop,
                store=asked.store if asked is not None else None,
            ).keeping(Path(git_dir), shared),
            top=top,
            common_dir=shared,
            hooks=hooks_folder,
            hooks_seen=seen(hooks_folder),
            bare=is_bare,
            base=base,
            remote=known,
            settings=settings,
        )

    def close(self) -> None:
        """End what is kept to ask git. A later question starts it again."""
        self.git.close()

    @property
    def base_ref(self) -> str:
        """The full name of the branch that the base is: the remote's, where there is one.

        It is as new as the last `fetch_base`. Without a remote the base may be further on than its
        branch (`workspace.ahead`).
        """
        return f"refs/remotes/{self.remote}/{self.base}" if self.remote else self.local_base_ref

    @property
    def local_base_ref(self) -> str:
        """The full name of the base branch in this repository."""
        return f"refs/heads/{self.base}"

    @property
    def base_name(self) -> str:
        """What people may type for the base's tip (gitrevisions(7))."""
        if self.remote is not None:
            return f"{self.remote}/{self.base}"
        further = ahead.tip_of(self.git, self.base) != self.git.commit(self.local_base_ref)
        return ahead.name_of(self.base) if further else self.base

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Held for what git itself does not make safe against others: one thread of one process."""
        with _LOCKS[self.common_dir]:
            folder = self.common_dir / "mission-runner"
            folder.mkdir(mode=0o700, exist_ok=True)
            with FileLock(folder / "git.lock", mode=0o600, is_singleton=True):
                yield

    def clear_locks(self) -> tuple[Path, ...]:
        """Remove the locks that git commands of ours left when they were killed; which these were.

        Raises:
            OSError: They cannot be removed.
        """
        if self.git.locks is None:
            return ()
        with self.lock():
            return self.git.locks.clear()

    def address(self) -> str | None:
        """Where the remote is, as git fetches from it; None: there is no remote."""
        return None if self.remote is None else self.git.text("remote", "get-url", self.remote)

    def fetch_base(self) -> str:
        """Ask the remote, where there is one, for the tip of the base. The tip.

        A shallow clone gets the rest of the history too: what is merged is read from all of it.
        Without a remote, what people committed on the branch meanwhile becomes part of the base.

        Raises:
            GitError: The remote cannot be reached, or has no such branch.
        """
        if self.remote is None:
            with self.lock():
                ahead.join(self.git, self.base, self.task_file)
        else:
            with self.lock():
                for _ in range(_TRIES):
                    deeper = ("--unshallow",) if (self.common_dir / "shallow").exists() else ()
                    fetched = self.git.run(
                        "fetch", "--quiet", "--no-tags", "--no-recurse-submodules",
                        "--no-write-fetch-head", *deeper, self.remote,
                        f"+{self.local_base_ref}:{self.base_ref}", check=False,
                    )  # fmt: skip
                    if fetched.code == 0 or lock_in_the_way(fetched.stderr):
                        break
                    if not _PASSING.search(fetched.stderr):
                        break
            if fetched.code != 0:
                raise refusal(
                    f"{self.base} cannot be fetched: {reason(fetched)}",
                    fetched.stderr,
                    hint=self._not_there(fetched),
                    folder=self.common_dir,
                    places=places(self.git, self.remote),
                )
        return self.base_tip()

    def _not_there(self, fetched: GitOutput) -> str:
        """What to type where a remote answered that it has no such branch."""
        if "find remote ref" not in fetched.stderr:
            return ""
        if self.git.commit(self.local_base_ref) is not None:
            named = shlex.join([str(self.remote), self.base])
            return f"`git push {named}` puts it there"
        return "Name the branch to merge into as `base` in mission.yaml"

    def base_tip(self) -> str:
        """The tip of the base as last heard.

        Raises:
            GitError: There is no such branch.
        """
        if self.remote is None:
            tip = ahead.tip_of(self.git, self.base)
        else:
            tip = self.git.commit(self.base_ref)
        if tip is None and self.remote is None and self.git.commit("HEAD") is None:
            raise GitError(
                f"{self.top} has no commit yet",
                hint="Work starts from one: "
                f"`git add {shlex.quote(self.task_file or 'TASKS.md')} && git commit -m Plan`",
            )
        if tip is None:
            where = f"on {self.remote}" if self.remote else "here"
            raise GitError(
                f"there is no branch {self.base} {where}",
                hint="Name the branch to merge into as `base` in mission.yaml",
            )
        return tip

    def check_branch_name(self, name: str) -> None:
        """Whether a task may use this branch.

        Raises:
            UsageError: Git does not allow the name, or it is the base's, or would be taken for
                something else on a command line.
        """
        if name.casefold() == self.base.casefold():
            raise UsageError(f"{name!r} is the base branch: a task cannot use it")
        plain = name and not name.startswith(("-", "refs/")) and not _CONTROLS.search(name)
        plain = plain and name.casefold() not in _CONFUSING
        if not plain or not self._allows(name):
            raise UsageError(
                f"{name!r} is not a branch name",
                hint="Git takes no space, no control character and none of ~ ^ : ? * [ .. in it",
            )

    def _allows(self, name: str) -> bool:
        if _PLAIN.fullmatch(name) and not re.search(r"\.lock(/|$)", name):
            return True
        return self.git.run("check-ref-format", f"refs/heads/{name}", check=False).code == 0


@cache
def _version(_: str) -> str:
    """What the git at a place says that it is."""
    return Git(Path("/")).text("version")


def _taken_for_bare(folder: Path, git_dir: Path, common_dir: Path) -> UsageError:
    """What is said of a checkout that git does not see: a tool has run `git init` in it, or has
    switched on settings for each worktree in a bare repository (git-worktree(1), CONFIGURATION)."""
    if git_dir != common_dir:
        mend = f"git config --file {shlex.quote(str(git_dir / 'config.worktree'))} core.bare false"
    else:
        mend = f"git config --file {shlex.quote(str(common_dir / 'config'))} core.bare false"
    return UsageError(
        f"{folder} is a checkout, and git takes its repository for one without any: core.bare is "
        f"true in {common_dir / 'config'}",
        hint=f"`{mend}` sets it right",
    )


def _hooks(found: Path, folder: Path, top: Path) -> Path:
    """The folder of the hooks: a relative `core.hooksPath` is meant from where hooks run."""
    start = folder.resolve()
    if start != top.resolve() and found.is_relative_to(start):
        found = top.resolve() / found.relative_to(start)
    return Path(os.path.normpath(found))


def _check_version() -> None:
    text = _version(program())
    numbers = re.search(r"(?<!\d)(\d++)\.(\d++)", text)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < OLDEST:
        needed = ".".join(map(str, OLDEST))
        raise UsageError(f"{text} is too old", hint=f"Install git {needed} or newer")
