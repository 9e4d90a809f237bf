"""The server on standard input and output: whoever started it has it, and nobody else."""

from __future__ import annotations

import os
from typing import Any, Final, cast

import anyio
import anyio.lowlevel
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server

_LONGEST: Final = 256 * 1024  # bytes of a request: an argument has at most 500 characters
_AT_ONCE: Final = 64 * 1024  # bytes that are read
_REFUSED: Final = "\0"  # no JSON: the SDK lets such a line go by


class BoundedLines:
    """The lines of standard input, each of them bounded: a longer one is no request.

    No thread waits for them: an interpreter that is interrupted does not end before its threads do,
    nor while one of them holds the lock of Python's own stream.
    """

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._left = b""  # what was read behind the last line
        self._at_end = False

    def __aiter__(self) -> BoundedLines:
        return self

    async def __anext__(self) -> str:
        parts: list[bytes] = []
        size = 0
        while True:
            part, end, self._left = self._left.partition(b"\n")
            size += len(part) + len(end)
            if size <= _LONGEST:
                parts.append(part)
            if end or self._at_end:
                break
            await self._read_on()
        if not size:
            raise StopAsyncIteration
        return b"".join(parts).decode("utf-8", "replace") if size <= _LONGEST else _REFUSED

    async def _read_on(self) -> None:
        try:
            await anyio.wait_readable(self._descriptor)
        except PermissionError:  # a plain file, which nobody can wait for: it is there
            await anyio.lowlevel.checkpoint()
        self._left = os.read(self._descriptor, _AT_ONCE)
        self._at_end = not self._left


def serve_stdio(server: Server[Any]) -> None:
    """Answer until standard input ends."""

    async def serve() -> None:
        lines = cast("anyio.AsyncFile[str]", BoundedLines())
        async with stdio_server(stdin=lines) as (read, write):
            await server.run(read, write, server.create_initialization_options())

    anyio.run(serve)
