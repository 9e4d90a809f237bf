"""What `mission --help` prints: every command in its group, on one screen of 80 by 24, without
importing any of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

#: group -> command -> what it is for, in at most 24 characters
GROUPS: Mapping[str, Mapping[str, str]] = {
    "plan": {
        "init": "begin a mission here",
        "check": "what is wrong with it",
        "next": "rows that are ready",
        "graph": "what waits for what",
        "expand": "plan a placeholder",
        "demo": "a rehearsal, for nothing",
    },
    "run": {
        "run": "carry the mission out",
        "stop": "end rows under way",
        "pause": "hold everything",
        "unpause": "let it go on",
        "limit": "how many rows at once",
        "gate": "ask a gate by itself",
    },
    "decide": {
        "approve": "let finished work merge",
        "reject": "send it back",
        "retry": "try a failed row again",
        "unblock": "a blocked row may go on",
        "set": "change a row's status",
    },
    "look": {
        "status": "how the mission stands",
        "watch": "the same, live",
        "show": "one row, before deciding",
        "log": "what its agent prints",
        "dashboard": "all of it in a browser",
        "mcp": "the same, for agents",
        "history": "every attempt",
        "report": "tokens, cost, times",
        "forecast": "when it will be done",
        "digest": "done, stuck and spent",
        "verify": "the file against facts",
    },
    "set up": {
        "doctor": "what is missing here",
        "completion": "Tab completes your shell",
        "notify": "who is told; try it",
        "server": "the local Prefect server",
        "deploy": "workers and schedules",
        "tier": "the storage's services",
        "gateway": "its read-only API",
    },
}
_HEAD = "Usage: mission COMMAND [ARGS]...     Carry a plan in TASKS.md to done."
_FOOT = "`mission COMMAND --help` says more of one; `mission --version` the version."
_GROUP, _NAME, _WORDS = 8, 11, 24  # columns


def help_page() -> str:
    """The page, without a line end."""
    return "\n".join([_HEAD, "", *_lines(), "", _FOOT])


def _lines() -> Iterator[str]:
    """Two commands to a line; the group stands before its first."""
    for group, commands in GROUPS.items():
        cells = [f"{name:{_NAME}}{words:{_WORDS}}" for name, words in commands.items()]
        for at in range(0, len(cells), 2):
            title = group if at == 0 else ""
            yield f"{title:{_GROUP}}{' '.join(cells[at : at + 2])}".rstrip()
