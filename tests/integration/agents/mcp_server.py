"""A server of tools (MCP) on standard input and output, for tests: it writes down what it was told,
where it runs and with which token. Run as a program: `mcp_server.py FILE`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

TOOLS = [
    {
        "name": name,
        "description": f"{name} a text",
        "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}},
    }
    for name in ("remember", "forget")
]


def answer(request: dict[str, Any], file: Path) -> dict[str, Any] | None:
    """What is said to a request; None for those that want no answer."""
    match request.get("method"):
        case "initialize":
            version = request["params"]["protocolVersion"]
            info = {"name": "notes", "version": "1"}
            result: dict[str, Any] = {
                "protocolVersion": version,
                "capabilities": {"tools": {}},
                "serverInfo": info,
            }
        case "tools/list":
            result = {"tools": TOOLS}
        case "tools/call":
            before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
            told = {
                "asked": [*before.get("asked", []), request["params"]["name"]],
                "folder": os.getcwd(),  # noqa: PTH109 - this file needs `os` anyway
                "token": os.environ.get("NOTES_TOKEN"),
                "kind": os.environ.get("NOTES_KIND"),
                "said": request["params"]["arguments"],
            }
            file.write_text(json.dumps(told), encoding="utf-8")
            result = {"content": [{"type": "text", "text": "I keep it."}]}
        case _ if "id" in request:
            result = {}
        case _:
            return None
    return {"jsonrpc": "2.0", "id": request.get("id"), "result": result}


def main() -> None:
    for line in sys.stdin:
        said = answer(json.loads(line), Path(sys.argv[1]))
        if said is not None:
            print(json.dumps(said), flush=True)  # noqa: T201 - that is how it answers


if __name__ == "__main__":
    main()
