"""Runs one program, and outlives its parent just long enough to end the whole tree it started.

This file is a script of its own, started with `python -I -S`, and imports as little as it can: it
starts in some twenty milliseconds. `workspace.process` is the only caller:

    supervisor.py CONTROL STATUS GRACE DROPPED PROGRAM ARGUMENT...

- CONTROL: a pipe that the runner holds open. A byte on it, or its end because the runner died, ends
  the program: on a byte first with an interrupt, then a termination, then a kill, `GRACE` seconds
  apart or as soon as another byte comes; without a runner within a second, since the next run may
  be waiting for the same worktree.
- STATUS: a pipe to the runner, one line an event: `started PID`, `refused ERRNO`, `code N`,
  `signal N`, and `left N` where something could not be ended.
- DROPPED: an environment variable that Python itself set at its start, `-` for none.

The program gets a session of its own. On Linux this process is the "subreaper" of everything below
it (prctl(2)), so that a descendant whose parent died becomes a child of this process rather than of
pid 1: there is nothing left exactly when there are no children left.
"""

import ctypes
import os
import select
import sys
import time

if sys.platform != "linux":
    import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator
else:
    # `signal` gives names to the numbers of `_signal`, which take a third of this script's start.
    try:
        import _signal as signal
    except ImportError:  # another Python than CPython
        import signal

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
# The whole tree is asked to end for this long before it is made to. Seconds.
ORPHAN_GRACE = 1.0
# How long a killed process may take to go (a disk that hangs) before we say so. Seconds.
PATIENCE = 20.0
NOT_STARTED = 127
# In the environment of all that is started below: this process, and when it started.
MARK = "MISSION_SUPERVISOR"


class Supervisor:
    """The program, what is left of its tree, and the two pipes to the runner."""

    def __init__(self, control: int, status: int, grace: float) -> None:
        self.control = control
        self.status = status
        self.grace = grace
        self.program = 0
        self.ended = False
        self.orphaned = False
        self.wakeup, wakeup_end = os.pipe()
        for end in (self.wakeup, wakeup_end):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wakeup_end, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.on_signal)

    def on_signal(self, number: int, _frame: object) -> None:
        """A request to end, from whoever: as if the runner had died."""
        if number != signal.SIGCHLD:
            self.orphaned = True

    def tell(self, line: str) -> None:
        """A line for the runner, if there still is one."""
        try:
            os.write(self.status, line.encode() + b"\n")
        except OSError:
            self.orphaned = True

    def run(self, arguments: list[str]) -> int:
        """The whole life of the program. Returns this process's own exit code."""
        if not self.start(arguments):
            return NOT_STARTED
        release_output()
        self.wait(None)
        for number in (signal.SIGINT, signal.SIGTERM):
            if self.ended or self.orphaned:
                break
            self.signal_group(number)
            self.wait(self.grace)
        return self.end_tree()

    def start(self, arguments: list[str]) -> bool:
        """Fork and execute. A failure of either is told to the runner."""
        reader, writer = os.pipe()
        try:
            pid = os.fork()
        except OSError as error:
            self.tell(f"refused {error.errno}")
            return False
        if pid == 0:
            become(arguments, writer)
        os.close(writer)
        self.program = pid
        refusal = os.read(reader, 64)
        os.close(reader)
        if refusal:
            os.waitpid(pid, 0)
            self.tell(f"refused {refusal.decode()}")
            return False
        self.tell(f"started {pid}")
        return True

    def wait(self, seconds: float | None) -> None:
        """Until the program has ended, the runner wants the next step, or the time is up."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            self.reap()
            left = None if deadline is None else deadline - time.monotonic()
            if self.ended or self.orphaned or (left is not None and left <= 0):
                return
            ready, _, _ = select.select([self.control, self.wakeup], [], [], left)
            if self.wakeup in ready:
                drain(self.wakeup)
            if self.control in ready:
                self.orphaned = self.orphaned or os.read(self.control, 1) == b""
                return

    def reap(self) -> bool:
        """Take the exit of every child that ended. True if there are children left."""
        while True:
            try:
                pid, result = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.program:
                self.ended = True
                code = os.waitstatus_to_exitcode(result)
                self.tell(f"code {code}" if code >= 0 else f"signal {-code}")

    def signal_group(self, number: int) -> None:
        """Signal the program's process group, as a terminal would."""
        try:
            os.killpg(self.program, number)
        except (ProcessLookupError, PermissionError):
            return

    def end_tree(self) -> int:
        """Ask whatever is left to end, then kill it until nothing is there."""
        gentle_until = time.monotonic() + min(self.grace, ORPHAN_GRACE)
        patient_until = gentle_until + PATIENCE
        asked: set[int] = set()
        while self.reap():
            now = time.monotonic()
            if now > patient_until:
                self.tell(f"left {len(descendants())}")
                return 1
            left = descendants()
            killing = now >= gentle_until
            for pid in left:
                if killing or pid not in asked:
                    send(pid, signal.SIGKILL if killing else signal.SIGTERM)
            asked.update(left)
            select.select([self.wakeup], [], [], 0.02 if killing else gentle_until - now)
            drain(self.wakeup)
        return 0


def become(arguments: list[str], refusals: int) -> None:
    """In the forked child: turn into the program, or write why not to `refusals`."""
    try:
        os.setsid()
        control_process(PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        # Python ignores these two for itself; a program expects them as the system has them.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        os.execvp(arguments[0], arguments)  # noqa: S606 - this is what a supervisor is for
    except OSError as error:
        os.write(refusals, str(error.errno or 0).encode())
    finally:
        os._exit(NOT_STARTED)


def control_process(option: int, value: int) -> None:
    """prctl(2), where there is one: without it a tree is found through process groups alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def release_output() -> None:
    """Give up the program's three streams, so that their other ends see when it closes them."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)


def descendants() -> list[int]:
    """The pids below this process, parents first."""
    children: dict[int, list[int]] = {}
    for pid, parent in processes():
        children.setdefault(parent, []).append(pid)
    found = list(children.get(os.getpid(), ()))
    for pid in found:  # grows while it is walked
        found.extend(children.get(pid, ()))
    return found


def processes() -> "Iterator[tuple[int, int]]":
    """Every process of this machine that is no zombie: pid and parent's pid."""
    if sys.platform != "linux":
        listing = subprocess.check_output(["/bin/ps", "-A", "-o", "pid=,ppid=,stat="], text=True)
        rows = [line.split() for line in listing.splitlines()]
        yield from ((int(pid), int(parent)) for pid, parent, state in rows if state[0] != "Z")
        return
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib takes ten milliseconds to import
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 - the same
                # The name, in parentheses, may hold spaces and parentheses itself.
                state, parent = file.read().rpartition(b")")[2].split()[:2]
        except OSError:
            continue  # it ended meanwhile
        if state != b"Z":
            yield int(name), int(parent)


def send(pid: int, number: int) -> None:
    """Signal one process that may have ended by now, or may belong to somebody else."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def drain(reader: int) -> None:
    """Empty a pipe that does not block."""
    try:
        while os.read(reader, 4096):
            pass
    except BlockingIOError:
        return


def mark() -> None:
    """Let all that is started below be known as ours, should this process be killed before them."""
    if sys.platform == "linux":
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123 - pathlib takes ten milliseconds
            ticks = file.read().rpartition(b")")[2].split()[19].decode()  # proc(5): starttime
        os.environ[MARK] = f"{os.getpid()}-{ticks}"


def main() -> int:
    control, status, grace, dropped, *arguments = sys.argv[1:]
    for end in (int(control), int(status)):
        os.set_inheritable(end, False)
    os.environ.pop(dropped, None)
    mark()
    control_process(PR_SET_CHILD_SUBREAPER, 1)
    return Supervisor(int(control), int(status), float(grace)).run(arguments)


if __name__ == "__main__":
    sys.exit(main())
