"""The server on standard input and output: whoever started it has it, and nobody else."""

from __future__ import annotations

import sys
from typing import Any, Final, cast

import anyio
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server

_LONGEST: Final = 256 * 1024  # bytes of a request: an argument has at most 500 characters
_REFUSED: Final = "\0"  # no JSON: the SDK lets such a line go by


class BoundedLines:
    """The lines of standard input, each of them bounded: a longer one is no request."""

    def __aiter__(self) -> BoundedLines:
        return self

    async def __anext__(self) -> str:
        line = await anyio.to_thread.run_sync(_read_line, abandon_on_cancel=True)
        if line is None:
            raise StopAsyncIteration
        return line


def _read_line() -> str | None:
    stream = sys.stdin.buffer
    line = stream.readline(_LONGEST)
    if not line:
        return None
    if line.endswith(b"\n") or len(line) < _LONGEST:
        return line.decode("utf-8", "replace")
    while line and not line.endswith(b"\n"):
        line = stream.readline(_LONGEST)
    return _REFUSED


def serve_stdio(server: Server[Any]) -> None:
    """Answer until standard input ends."""

    async def serve() -> None:
        lines = cast("anyio.AsyncFile[str]", BoundedLines())
        async with stdio_server(stdin=lines) as (read, write):
            await server.run(read, write, server.create_initialization_options())

    anyio.run(serve)
