"""The log of an attempt: what its agent printed, line by line, to the end or as it comes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

_LOOK_EVERY = 0.25  # seconds
_LONGEST = 64 << 20  # bytes; a longer line comes in pieces, as it was written


def log_lines(file: Path, *, over: Callable[[float], bool]) -> Generator[bytes, None, None]:
    """Its lines without their ends, each as soon as it is whole; waits for more until it is over.

    A log that is not there yet has none, and is waited for. Starts no process, and keeps nobody
    from writing.

    Args:
        file: The log.
        over: Waits for so many seconds, and tells whether to stop waiting. Called whenever all that
            is there was told; what came meanwhile is told before the end.

    Raises:
        OSError: It is there and cannot be read.
    """
    ended = False
    while True:
        try:
            stream = file.open("rb")
            break
        except FileNotFoundError:
            if ended:
                return
            ended = over(_LOOK_EVERY)
    with stream:
        parts: list[bytes] = []
        while True:
            while piece := stream.readline(_LONGEST):
                parts.append(piece.removesuffix(b"\n"))
                if piece.endswith(b"\n") or len(piece) == _LONGEST:
                    yield b"".join(parts)
                    parts.clear()
            if ended:
                break
            ended = over(_LOOK_EVERY)
        if parts:
            yield b"".join(parts)
