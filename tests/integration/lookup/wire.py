"""`mission mcp` as a tool sees it: a process, and lines of JSON."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

VERSION = "2025-06-18"  # of the protocol, with a handshake
_HELLO = {
    "protocolVersion": VERSION,
    "capabilities": {},
    "clientInfo": {"name": "tests", "version": "1"},
}


class Wire:
    """A server that was started for this test."""

    def __init__(
        self, *arguments: str, folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli", "mcp", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=environment,
        )
        self._number = 0
        self.notices: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate(timeout=60)

    def greet(self) -> dict[str, Any]:
        """Shake hands."""
        told = self.ask("initialize", **_HELLO)
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return told

    def send(self, message: object) -> None:
        """One line."""
        self.raw(json.dumps(message).encode() + b"\n")

    def raw(self, data: bytes) -> None:
        """Any bytes."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """The answer to a request."""
        self._number += 1
        asked = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        self.send(asked)
        while (told := self._read()).get("id") != self._number:
            self.notices.append(told)
        return told

    def call(self, tool: str, **arguments: object) -> tuple[str, bool]:
        """What a tool says, and whether it says that it failed."""
        result = self.ask("tools/call", name=tool, arguments=arguments)["result"]
        (content,) = result["content"]
        return content["text"], result.get("isError", False)

    def notice(self) -> dict[str, Any]:
        """The next word that is no answer."""
        return self.notices.pop(0) if self.notices else self._read()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], 30)[0], "it says nothing"
        line = self.process.stdout.readline()
        assert line, self.process.stderr and self.process.stderr.read().decode()
        told: dict[str, Any] = json.loads(line)
        return told
