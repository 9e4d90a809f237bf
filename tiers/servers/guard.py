"""Keeps a server no longer than its owner lives. Run as a script of its own, standard library only.

    python -I guard.py UID GID SIGNAL GRACE COMMAND...

It starts COMMAND as user UID and group GID (-1: as it is) and reads standard input, a pipe whose
other end only the owner holds. When the owner closes it or dies, however it dies, the pipe ends:
the guard sends SIGNAL, and after GRACE seconds kills. It ends with the exit code of COMMAND.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading


def _end_with_owner(child: subprocess.Popen[bytes], polite: int, grace: float) -> None:
    try:
        while os.read(0, 4096):  # not sys.stdin: its lock would still be held when main() ends
            pass
        child.send_signal(polite)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace)
    finally:  # too polite, or whatever else: it never outlives this thread
        child.kill()


def main(arguments: list[str]) -> int:
    """Run the command until it ends or the owner does."""
    user, group, polite, grace = (int(argument) for argument in arguments[:4])
    child = subprocess.Popen(
        arguments[4:],
        stdin=subprocess.DEVNULL,
        user=None if user < 0 else user,
        group=None if group < 0 else group,
        extra_groups=None if user < 0 else [],
    )
    try:
        threading.Thread(target=_end_with_owner, args=(child, polite, grace), daemon=True).start()
    except RuntimeError:  # the machine gives no thread: nobody would see the owner go
        child.kill()
        child.wait()
        raise
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
