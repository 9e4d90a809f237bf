"""A git command as a process: argv only, no prompts, no hooks, nobody's `GIT_*` variables.

This is the one child process that runs without a supervisor (`workspace.process`), which would take
longer than most git commands do. When the runner is killed, a git command under way goes on to its
end: it is one step that is done wholly or not at all, and what comes next reckons with it.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from errors import GitError
from workspace.away import Away
from workspace.disks import as_git_error
from workspace.exchange import exchange
from workspace.git_environment import git_environment, program
from workspace.git_locks import (
    PATIENCE,
    PAUSE,
    GitLocks,
    Places,
    lock_in_the_way,
    may_repeat,
    refusal,
)
from workspace.heeding import heeded
from workspace.output import plain
from workspace.process import Stop
from workspace.redact import Redactor

LOCAL_LIMIT = 900.0  # seconds for work on this machine; filters may fetch large files
NETWORK_LIMIT = 900.0  # seconds for fetch, push and ls-remote
_NETWORK = frozenset({"fetch", "push", "ls-remote"})
_REASONS = ("fatal: ", "error: ", "remote: fatal: ", "remote: error: ")  # what else is said follows


@dataclass(frozen=True, kw_only=True, slots=True)
class GitOutput:
    """What a git command printed and how it ended."""

    stdout: str  # undecodable bytes as surrogates, so that they can be handed back
    stderr: str
    code: int

    @property
    def text(self) -> str:
        """`stdout` without the white space around it."""
        return self.stdout.strip()

    @property
    def fields(self) -> tuple[str, ...]:
        """The parts of an output of NUL-terminated parts (`-z`)."""
        return tuple(self.stdout.split("\0")[:-1])


@dataclass(frozen=True, slots=True)
class GitCommand:
    """Git in one folder, a process for each command."""

    folder: Path  # where it runs
    # The repository's folder (of a worktree: its own below it) where it must not be looked for in
    # `folder`, because somebody else may have changed what is found there.
    git_dir: Path | None = None
    # Called before anything that reaches a remote; what it raises keeps that from happening.
    before_network: Callable[[], None] | None = None
    away: Away | None = None  # waits where the remote cannot be reached; None: that is an error
    locks: GitLocks | None = None  # notes what changes the repository, while it runs
    # Ends what asks no remote, a while after it was requested; see `workspace.heeding`.
    stop: Stop | None = None

    def run(
        self,
        *args: str,
        input: str | bytes | None = None,  # noqa: A002 - as subprocess.run calls it
        check: bool = True,
        environment: Mapping[str, str] | None = None,
        hooks: bool | Path = False,
        holding: Sequence[int] = (),
    ) -> GitOutput:
        """Run `git ARGS`. `environment` is added to the usual one. `holding` are descriptors that
        git keeps open until it ends, so that a lock on one outlives us if we are killed.

        Hooks do not run unless asked for: they are for a person's commits and check-outs, not for
        ours. A push asks for them, since what they do there others rely on; a path is the folder
        to take them from.

        Raises:
            GitError: It ended with another code than 0 (and `check`), took too long, printed too
                much, or the folder is gone. The message holds git's reason, without credentials.
            RemoteAwayError: The remote could not be reached for as long as is waited for it.
            StoppedError: A stop was requested while it was waited for, or while a command that asks
                no remote went on and on.
            LockedError: Another git's lock is in the way, and stays.
        """
        data = input.encode(errors="surrogateescape") if isinstance(input, str) else input

        def once(limit: float, stop: Stop | None = None) -> GitOutput:
            return self._once(args, data, limit, stop, environment, hooks=hooks, holding=holding)

        deadline = time.monotonic() + PATIENCE
        asks = bool(args) and args[0] in _NETWORK
        while True:
            output = self._reach(once) if asks else once(LOCAL_LIMIT, heeded(self.stop))
            if output.code == 0 or not may_repeat(args, output.stderr):
                break
            if time.monotonic() > deadline:
                break
            time.sleep(PAUSE)
        if check and output.code != 0:
            where = self.git_dir or self.folder
            raise refusal(
                f"git {_name(args)}: {reason(output)}",
                output.stderr,
                folder=where,
                places=Places(own=self.own_places()),
            )
        return output

    def _reach(self, once: Callable[[float], GitOutput]) -> GitOutput:
        """A command that asks a remote: again and again while that is away, where it may wait."""
        for turn in count():
            if self.before_network is not None:
                self.before_network()
            output = once(NETWORK_LIMIT)
            if self.away is None:
                break
            if output.code == 0 or not self.away.is_away(output.stderr):
                if output.code != 0 and self.away.is_hiccup(output.code, output.stderr, turn):
                    continue
                self.away.answered()
                break
            self.away.wait(turn, reason(output), output.stderr)
        return output

    def _once(
        self,
        args: tuple[str, ...],
        data: bytes | None,
        limit: float,
        stop: Stop | None,
        environment: Mapping[str, str] | None,
        *,
        hooks: bool | Path,
        holding: Sequence[int],
    ) -> GitOutput:
        with self._noted(args) as note:
            process = self._started(
                args,
                stdin=subprocess.PIPE if data else subprocess.DEVNULL,
                environment=environment,
                hooks=hooks,
                holding=(*holding, *note),
            )
            stdout, stderr = exchange(
                process, data or b"", name=_name(args), limit=limit, stop=stop
            )
        return GitOutput(
            stdout=stdout.decode(errors="surrogateescape"),
            stderr=stderr.decode(errors="replace"),
            code=process.returncode,
        )

    def _noted(self, args: Sequence[str]) -> AbstractContextManager[tuple[int, ...]]:
        return nullcontext(()) if self.locks is None else self.locks.noted(args)

    def _started(
        self,
        args: tuple[str, ...],
        *,
        stdin: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        environment: Mapping[str, str] | None = None,
        hooks: bool | Path = False,
        holding: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [program(), *self._options(hooks), *args],
                cwd=self.folder,
                env=git_environment(environment),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                # Ctrl-C is for us to handle, and there is no terminal to ask for passwords on.
                start_new_session=True,
                pass_fds=holding,
            )
        except (OSError, ValueError) as error:
            message = f"git {_name(args)} cannot run in {self.folder}"
            if isinstance(error, OSError):
                raise as_git_error(message, error) from error
            raise GitError(f"{message}: {error}") from error

    def _options(self, hooks: bool | Path) -> list[str]:
        folder = None if hooks is True else hooks or os.devnull
        options = [] if folder is None else ["-c", f"core.hooksPath={folder}"]
        if self.git_dir is not None:
            options += [f"--git-dir={self.git_dir}", f"--work-tree={self.folder}"]
        return options

    def text(self, *args: str) -> str:
        """The output of `git ARGS`, stripped."""
        return self.run(*args).text

    def fits(self, *args: str) -> bool:
        """Whether `git ARGS` answers yes, for commands that answer with exit code 0 or 1."""
        output = self.run(*args, check=False)
        if output.code not in (0, 1):
            raise GitError(f"git {_name(args)}: {reason(output)}")
        return output.code == 0

    def own_dir(self) -> Path:
        """The folder's own git folder, absolute: of a worktree, its own below the repository's."""
        return self.git_dir or Path(self.text("rev-parse", "--absolute-git-dir"))

    def own_places(self) -> tuple[Path, ...]:
        """The git folders that are known to be this repository's."""
        shared = None if self.locks is None else self.locks.common_dir
        return tuple(one for one in (self.git_dir, shared) if one is not None)


def reason(output: GitOutput) -> str:
    """The lines of git's answer that say why, as one line, without credentials."""
    said = output.stderr or output.stdout
    lock = lock_in_the_way(said)
    if lock is not None:  # git goes on with advice, which says less
        return str(lock)
    lines = [plain(line).strip() for line in said.splitlines()]
    telling = [line for line in lines if line and not line.startswith(("hint:", "warning:"))]
    last = telling[-4:]
    first = next((line for line in telling[:-4] if line.startswith(_REASONS)), None)
    text = "; ".join(last if first is None else [first, *last]) or f"exit code {output.code}"
    return Redactor.from_environment().text(text)[:600]


def _name(args: tuple[str, ...]) -> str:
    """A command's name, without the options before it."""
    return next((arg for arg in args if not arg.startswith("-")), "")
