"""What Codex's record of a thread says of refused commands."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from agents.codex_rollout import refused_commands

BEGAN = datetime(2026, 1, 2, 12, tzinfo=UTC)
SESSION = "01a20adc-be9a-7940-8071-4793febcafd3"
REFUSED = "touch: cannot touch '/etc/x': Read-only file system"


def command(call: str, cmd: str, output: str, *, code: int = 1, at: str = "12:00:01") -> list[str]:
    """The two lines of one command, as Codex 0.169.0 writes them."""
    told = f"Wall time: 0.0000 seconds\nProcess exited with code {code}\nOutput:\n{output}\n"
    asked = {"type": "function_call", "arguments": json.dumps({"cmd": cmd}), "call_id": call}
    answer = {"type": "function_call_output", "call_id": call, "output": told}
    stamp = f"2026-01-02T{at}.500Z"
    lines = ({"timestamp": stamp, "payload": payload} for payload in (asked, answer))
    return [json.dumps(line) for line in lines]


def record(home: Path, lines: list[str]) -> Path:
    folder = home / "sessions" / "2026" / "01" / "02"
    folder.mkdir(parents=True)
    (folder / f"rollout-2026-01-02T12-00-00-{SESSION}.jsonl").write_text("\n".join(lines))
    return home


def test_what_the_sandbox_refused_is_told_and_what_failed_otherwise_is_not(tmp_path: Path) -> None:
    lines = [
        *command("1", "touch /etc/x", REFUSED),
        *command("2", "false", ""),
        *command("3", "grep x log", REFUSED, code=0),
        *command("4", "touch /etc/old", REFUSED, at="11:59:59"),
    ]
    found = refused_commands(record(tmp_path, lines), SESSION, since=BEGAN)
    assert found == (f"`touch /etc/x` ({REFUSED})",)


def test_a_damaged_record_says_what_is_left_of_it(tmp_path: Path) -> None:
    lines = [
        '{"function_call": ',
        '["function_call"]',
        '{"timestamp": 7, "payload": {"type": "function_call_output", "call_id": {}}}',
        *command("1", "touch /etc/x", REFUSED),
        *command("2", "touch /etc/y", REFUSED)[1:],  # nobody asked for it
        '{"timestamp": "2026-01-02T12:00:01", "payload": {"type": "function_call"}}',
    ]
    assert len(refused_commands(record(tmp_path, lines), SESSION, since=BEGAN)) == 1


def test_without_a_record_or_a_proper_session_nothing_is_told(tmp_path: Path) -> None:
    record(tmp_path, command("1", "touch /etc/x", REFUSED))
    assert refused_commands(tmp_path / "nowhere", SESSION, since=BEGAN) == ()
    assert refused_commands(tmp_path, "01a20adc", since=BEGAN) == ()
    assert refused_commands(tmp_path, "*", since=BEGAN) == ()
