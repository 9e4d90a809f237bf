"""The record that a tool keeps of a session: read as it grows, whatever else is in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from agents.used import Tail

# Reads a session's file with little memory to spare, and tells what it found.
READS = """
import pathlib, resource, sys
from agents.used import Tail
used = resource.getpagesize() * int(pathlib.Path("/proc/self/statm").read_text().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (used + (256 << 20),) * 2)
print(list(Tail(lambda _: [pathlib.Path(sys.argv[1])], '"usage"').new("s")))
"""


def entry(number: int, **more: object) -> bytes:
    return json.dumps({"usage": number, **more}).encode() + b"\n"


def test_a_line_that_is_still_being_written_is_read_once_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    tail = Tail(lambda _: [file], '"usage"')
    file.write_bytes(entry(1) + entry(2)[:5])
    assert [one["usage"] for one in tail.new("s")] == [1]
    file.write_bytes(entry(1) + entry(2) + b"{}\n")
    assert [one["usage"] for one in tail.new("s")] == [2]
    assert list(tail.new("s")) == []


def test_lines_that_are_too_long_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    long = entry(2, more="x" * 25_000_000)
    file.write_bytes(entry(1) + long[:-9])
    tail = Tail(lambda _: [file], '"usage"')
    assert [one["usage"] for one in tail.new("s")] == [1]
    file.write_bytes(entry(1) + long + entry(3))
    assert [one["usage"] for one in tail.new("s")] == [3]


def test_a_line_without_end_costs_no_memory(tmp_path: Path) -> None:
    """An agent may write there what it likes."""
    file = tmp_path / "s.jsonl"
    file.write_bytes(entry(1))
    with file.open("r+b") as opened:
        opened.truncate(1 << 30)
    read = [sys.executable, "-c", READS, str(file)]
    done = subprocess.run(read, check=False, capture_output=True, text=True)
    assert done.stdout == "[{'usage': 1}]\n", done.stderr
