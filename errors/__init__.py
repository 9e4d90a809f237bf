"""Every error that a person may see.

    MissionError                 exit code 1: the answer is no
    ├── UsageError               exit code 2: wrong use
    ├── UnreadableError          exit code 2: a file that cannot be understood
    │   ├── TaskFileError        ... the TASKS.md, with line and column
    │   ├── ConfigError          ... mission.yaml or another configuration, with line and key
    │   └── FindingsError        ... everything in both that keeps a run from starting
    ├── TransitionError          a status change that the state machine does not allow
    ├── WriterBusyError          another orchestrator holds the mission
    │   └── ClaimHeldError       ... in another clone
    ├── SingleWriterError        a worker's branch changes the task file
    ├── UnapprovedError          a merge would change what the runner acts on, and nobody agreed
    ├── RowConflictError         a row changed under us in a way that conflicts
    ├── RequestRefusedError      the single writer refused what a person asked for
    ├── RequestLeftError         exit code 75: nobody has answered it yet
    ├── JournalError             the journal cannot be read or written
    ├── GateError                a gate did not say clear
    │   └── GateTimeoutError     exit code 75: it did not say so in time
    ├── ForgeError               a forge did not do what was asked: see forges.errors
    ├── NotifyError              somebody was not told, or may not have been
    ├── ProcessError             a program that cannot be started
    ├── MachineError             the machine refuses: a missing right, no thread, no memory
    │   └── DiskError            a disk takes nothing: full, read-only, broken
    ├── GitError                 git refused
    │   ├── RemoteAwayError      the remote could not be reached for as long as was waited for it
    │   ├── LockedError          another git is at work, or was killed there: its lock stays
    │   ├── MergeConflictError   a squash merge that does not apply
    │   ├── NothingToMergeError  a squash merge that would change nothing
    │   ├── AlreadyMergedError   the base holds the row already
    │   ├── BaseMovedError       the base is not where the merge expected it
    │   ├── BrokenBaseError      the base holds what does not pass its verification
    │   ├── CheckoutBlockedError a person's uncommitted changes stand in the way
    │   └── SettingsChangedError the repository's git settings are not what they were
    ├── AgentError               an agent tool cannot be used as configured, or not now
    │   └── WorkersAwayError     who gives rows to workers did not answer for as long as was waited
    ├── BudgetError              a limit of the budget keeps an agent from being asked
    ├── TierError                a storage tier that is not as it must be
    └── StoppedError             exit code 130: a person stopped the run
        └── ClaimLostError       exit code 1: another clone has taken the mission over

`JournalDiskError`, `TaskFileDiskError` and `GitDiskError` are a `DiskError` as well, met by who
they are named after.

A subclass of `MissionError` is printed as one line and its hint, without a traceback. Anything
else that escapes is a bug of ours and shows its traceback.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Self

from errors.disk import FILE_LIMIT, LITTLE, RIGHTS, TROUBLE, standing
from errors.finding import Finding


class MissionError(Exception):
    """The base: what happened (`message`) and what to do next (`hint`, may be empty)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}" if self.hint else self.message


class UsageError(MissionError):
    """Wrong use of a command or of an interface."""

    exit_code = 2


class UnreadableError(MissionError):
    """A file that cannot be understood. `line` and `column` count from 1; 0 means unknown."""

    exit_code = 2

    def __init__(
        self, message: str, *, hint: str = "", path: str = "", line: int = 0, column: int = 0
    ) -> None:
        where = path + (f":{line}" if line else "") + (f":{column}" if line and column else "")
        super().__init__(f"{where}: {message}" if where else message, hint=hint)
        self.plain = message  # without the place
        self.path = path
        self.line = line
        self.column = column


class TaskFileError(UnreadableError):
    """A `TASKS.md` that cannot be read or written as asked."""


class ConfigError(UnreadableError):
    """A configuration file with an unknown key, a wrong type or a bad value."""


class FindingsError(UnreadableError):
    """A mission with errors in it. The message is about the first; `findings` are all of them."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(
            f"{first.message}{more}",
            hint=first.hint,
            path=first.path,
            line=first.line,
            column=first.column,
        )
        self.findings = tuple(findings)


class TransitionError(MissionError):
    """A status change that the state machine does not allow."""


class WriterBusyError(MissionError):
    """Another process is the single writer of this mission."""


class ClaimHeldError(WriterBusyError):
    """Another clone carries this mission out."""


class SingleWriterError(MissionError):
    """A worker's branch changes the mission's task file."""


class UnapprovedError(MissionError):
    """A merge would change a file that says what the runner does, and no person has agreed."""


class RowConflictError(MissionError):
    """A row is not as it was when the change was decided."""


class RequestRefusedError(MissionError):
    """The single writer refused what a person asked for."""


class RequestLeftError(MissionError):
    """A person's request lies where the writer will find it, and has no answer yet."""

    exit_code = 75


class JournalError(MissionError):
    """The journal cannot be read or written."""


class GateError(MissionError):
    """A gate did not say clear. `reason` is a word for programs, such as `base-moved`."""

    def __init__(self, message: str, *, reason: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class GateTimeoutError(GateError):
    """A gate did not say clear in time."""

    exit_code = 75


class ForgeError(MissionError):
    """A forge did not do what was asked of it."""


class NotifyError(MissionError):
    """Somebody who is to be told was not, or may not have been."""


class ProcessError(MissionError):
    """A program that cannot be started."""


class MachineError(MissionError):
    """The machine refuses what the runner needs: a file, room, a thread."""

    @classmethod
    def of(cls, error: OSError) -> MachineError:
        """What the system said, in one line."""
        if error.errno in TROUBLE:
            path = None if error.filename is None else Path(os.fsdecode(error.filename))
            return DiskError.at(path, error.strerror or "")
        where = f" ({error.filename})" if error.filename is not None else ""
        words = error.strerror or type(error).__name__
        hint = _MACHINE_HINTS.get(error.errno or 0, "Set that right, and run again")
        return cls(f"{words}{where}", hint=hint)

    @classmethod
    def no_thread(cls, what: str, error: RuntimeError) -> MachineError:
        """That there is no further thread for something, in the system's words."""
        return cls(f"{what} got no thread: {error}", hint=_NO_THREAD)

    @classmethod
    def no_memory(cls, what: str) -> MachineError:
        """That there is no further memory for something."""
        return cls(f"{what} got no memory", hint=_NO_MEMORY)


class DiskError(MachineError):
    """A disk takes nothing: what needs it cannot work until somebody has mended it."""

    @classmethod
    def at(cls, path: Path | None, words: str, *, what: str = "") -> Self:
        """What was met at a path, in one line, with the disk that is to blame.

        Args:
            path: What could not be written; None: nobody knows.
            words: The system's.
            what: What it was to be, if people know it by another name.
        """
        where = f" ({path})" if path is not None else ""
        why = standing(path) if path is not None else ""
        if path is not None and words == os.strerror(errno.ENOSPC):
            why = standing(path, least=LITTLE)
        message = f"{what}: {words}" if what else f"{words}{where}"
        return cls("; ".join(part for part in (message, why) if part), hint=disk_hint(words, why))


def disk_hint(words: str, why: str) -> str:
    """What to do about a disk that takes nothing.

    Args:
        words: The system's.
        why: How the disk stands, as `errors.disk.standing` says it.
    """
    if "full" in why or "no inodes" in why:
        remedy = "Make room there"
    elif "read-only" in why.lower() or "read-only" in words.lower():
        remedy = "Let it be written to again"
    elif any(os.strerror(one).lower() in words.lower() for one in (*RIGHTS,)):
        remedy = _NO_RIGHT
    elif FILE_LIMIT in why or os.strerror(errno.EFBIG) in words:
        remedy = f"Raise the limit on the size of files ({FILE_LIMIT})"
    elif any(os.strerror(one) in words for one in (errno.ENOSPC, errno.EDQUOT)):
        remedy = "Make room there"
    else:
        remedy = "See what is wrong with that disk"
    return f"{remedy}; then `mission run` carries on, nothing is lost"


def told(error: MissionError | OSError | MemoryError) -> MissionError:
    """An error in the words in which people are told of it."""
    if isinstance(error, MemoryError):
        return MachineError.no_memory("mission")
    return MachineError.of(error) if isinstance(error, OSError) else error


_IN_THE_WAY = "Something else stands where a file or folder of the runner belongs: move it away"
_NO_RIGHT = "Check that this user may write there"
_LIMITED = "raise that or lower max_parallel"
_NO_THREAD = f"The machine limits them (`ulimit -u`, `ulimit -v`, cgroup): {_LIMITED}"
_NO_MEMORY = (
    f"The machine limits it (`ulimit -v`, cgroup), or has none left: {_LIMITED}; then "
    "`mission run` carries on, nothing is lost"
)
_MACHINE_HINTS: Mapping[int, str] = {
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.EEXIST: _IN_THE_WAY,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EISDIR: _IN_THE_WAY,
}


class GitError(MissionError):
    """Git refused what was asked of it."""


class GitDiskError(GitError, DiskError):
    """Git met a disk that takes nothing."""


class JournalDiskError(JournalError, DiskError):
    """The journal cannot be written, for the disk that it is on: nothing can be saved."""


class TaskFileDiskError(TaskFileError, DiskError):
    """The task file cannot be written, for the disk that it is on."""

    exit_code = 1


class RemoteAwayError(GitError):
    """The remote could not be reached for as long as a run waits for it."""


class LockedError(GitError):
    """A lock of git's is in the way, and stays: another git is at work there, or was killed."""


class MergeConflictError(GitError):
    """A squash merge that does not apply. `files` are repository paths."""

    def __init__(self, message: str, *, files: tuple[str, ...], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.files = files


class NothingToMergeError(GitError):
    """A squash merge whose result is the base as it is."""


class AlreadyMergedError(GitError):
    """The base holds the row already, and not by this attempt."""


class BaseMovedError(GitError):
    """The base branch is not at the commit that the merge was made for."""


class BrokenBaseError(GitError):
    """The base holds a tree that does not pass its verification: nothing may be put on top."""


class CheckoutBlockedError(GitError):
    """Uncommitted changes of a person stand in the way. `files` are repository paths."""

    def __init__(self, message: str, *, files: tuple[str, ...], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.files = files


class SettingsChangedError(GitError):
    """Settings of the repository that git would obey for us are not what they were."""


class AgentError(MissionError):
    """An agent tool cannot be used as configured."""


class WorkersAwayError(AgentError):
    """Who gives rows to workers does not answer, or not as it should: it may pass."""


class BudgetError(MissionError):
    """A limit of the budget keeps an agent from being asked."""


class TierError(MissionError):
    """A storage tier is not as it must be."""


class StoppedError(MissionError):
    """A person stopped the run."""

    exit_code = 130


class ClaimLostError(StoppedError):
    """Another clone has taken the mission over: nothing of this run lands any more."""

    exit_code = 1
