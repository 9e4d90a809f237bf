"""The process that keeps Prefect's record of a run: `flows.following` starts it.

It reads what the run did from its standard input, and answers on its standard output, in lines
(`flows.messages`). Prefect takes two seconds to import and its server longer to start, and neither
is to keep a row waiting: so that happens here, and the record follows the work. It ends with the
run, which is there for as long as the other end of its standard input is open.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Iterator
from typing import BinaryIO, Final

from errors import MissionError
from flows.messages import Failed, Message, Noted, Opening, unpacked
from flows.reach import reach
from flows.telling import Telling
from workspace.side_thread import cause

_LEAVE_SECONDS: Final = 30.0  # for what Prefect still sends as its process ends


def main() -> None:
    """Keep the record of the run at the other end. Ends the process."""
    heard, told = _take_streams()
    try:
        _keep(heard, told)
    except (MissionError, OSError) as error:
        told.tell(Failed(why=str(error)))
    except Exception as bug:  # noqa: BLE001 - the run says what its record died of
        told.tell(Failed(why=cause(bug)))
    _end_at_last()


def _end_at_last() -> None:
    """End even where Prefect would go on trying to send what happened: nobody waits for this
    process any more."""
    last = threading.Timer(_LEAVE_SECONDS, os._exit, (1,))
    last.daemon = True
    last.start()


def _keep(heard: BinaryIO, told: Telling) -> None:
    messages = _messages(heard)
    opening = next(messages, None)
    if not isinstance(opening, Opening):
        return
    server = reach(lambda text: told.tell(Noted(text=text)))
    if _is_over(heard):  # before there was anything to be recorded
        return
    from flows.keeping import keep  # noqa: PLC0415 - imports Prefect, after `reach`

    keep(opening, messages, told, server)


def _messages(heard: BinaryIO) -> Iterator[Message]:
    for line in heard:
        if line.endswith(b"\n"):  # else the run died in the middle of it
            yield unpacked(line)


def _is_over(heard: BinaryIO) -> bool:
    """Whether the run has ended. What it told by then may still be read."""
    look = select.poll()
    look.register(heard, select.POLLHUP)
    return any(event & select.POLLHUP for _, event in look.poll(0))


def _take_streams() -> tuple[BinaryIO, Telling]:
    """The two ends, for us alone: what else reads or prints in this process does so elsewhere."""
    heard, told = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nowhere, number)
    os.close(nowhere)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    return heard, Telling(told)
