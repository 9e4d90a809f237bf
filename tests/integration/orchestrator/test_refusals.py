"""A tool that was refused something and reports success: the worktree tells what that was."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.scratch import Scratch, make, row

# Speaks as Codex does where its sandbox refused a command: it goes on, and calls that a success.
TOOL = """#!{python} -S
import json, pathlib, sys
sys.stdin.read()
if {works}:
    pathlib.Path("work.txt").write_text("work")
refused = {{"type": "command_execution", "command": "touch /etc/x", "status": "failed",
            "aggregated_output": "touch: '/etc/x': Read-only file system\\n", "exit_code": 1}}
for event in (
    {{"type": "thread.started", "thread_id": "t1"}},
    {{"type": "item.completed", "item": refused}},
    {{"type": "item.completed", "item": {{"type": "agent_message", "text": "I tried."}}}},
    {{"type": "turn.completed", "usage": {{"input_tokens": 1, "output_tokens": 1}}}},
):
    print(json.dumps(event))
"""


def refused(folder: Path, *, works: bool) -> Scratch:
    tool = folder / "tool"
    tool.write_text(TOOL.format(python=sys.executable, works=works))
    tool.chmod(0o755)
    agent = {"type": "codex", "program": str(tool)}
    return make(folder, [row("A")], config={"agents": {"worker": agent, "other": agent}})


def test_nothing_done_after_a_refusal_blocks_with_what_was_refused(tmp_path: Path) -> None:
    scratch = refused(tmp_path, works=False)
    assert scratch.run().blocked == ("A",)
    assert "was not allowed to: `touch /etc/x`" in scratch.notes("A")
    with scratch.journal() as journal:
        assert [one.outcome for one in journal.attempts("A")] == ["refused-permissions"]


def test_a_refusal_on_the_way_to_finished_work_changes_nothing(tmp_path: Path) -> None:
    scratch = refused(tmp_path, works=True)
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["A"]
