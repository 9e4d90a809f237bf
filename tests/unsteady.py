"""Agents that are limited, overloaded or crash, as a test has it, before they do their work.

Run as a program, it is such an agent. Its only argument is a folder with `says.json`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path


def unsteady(
    folder: Path,
    says: Mapping[str, Sequence[str]],
    *,
    answers: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """The settings that such agents share.

    Args:
        folder: Where they keep who was asked.
        says: How they end, by their names: an outcome for each time that one is asked, and success
            after these. A limit ends after the seconds that stand behind it.
        answers: What those of them say who write no file and answer instead.
    """
    told = {"says": {name: list(ends) for name, ends in says.items()}, "answers": answers or {}}
    (folder / "says.json").write_text(json.dumps(told))
    return {"type": "command", "run": [sys.executable, "-S", __file__, str(folder)]}


def order(folder: Path) -> list[str]:
    """The tasks and agents that were asked, in this order."""
    return (folder / "order").read_text().splitlines()


def _main(folder: Path) -> None:
    told = json.loads((folder / "says.json").read_text())
    agent, task = os.environ["MISSION_AGENT"], os.environ["MISSION_TASK"]
    with (folder / "order").open("a") as asked:
        asked.write(f"{task} {agent}\n")
    # Its own count: agents that work side by side share `order`.
    tries = folder / f"tries-{agent}"
    number = len(tries.read_text()) if tries.exists() else 0
    tries.write_text("x" * (number + 1))
    mine = told["says"].get(agent, [])
    outcome, _, seconds = (mine[number] if number < len(mine) else "success").partition(" ")
    answer = {"outcome": outcome, "summary": outcome, "input_tokens": 800, "output_tokens": 100}
    if seconds:
        answer["retry_at"] = (datetime.now(UTC) + timedelta(seconds=int(seconds))).isoformat()
    if agent not in told["answers"]:
        Path(f"{task}.txt").write_text(task)
    elif outcome == "success":
        answer["summary"] = json.dumps(told["answers"][agent])
    sys.stdout.write(f"{json.dumps(answer)}\n")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
