"""Lines, logs and tails, whatever the chunks."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workspace.output
from workspace.output import Output, plain


def cut(data: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


@given(
    data=st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\xff", b"\0"])).map(b"".join),
    places=st.lists(st.integers(min_value=0)),
)
def test_lines_are_the_same_however_they_come(data: bytes, places: list[int]) -> None:
    lines: list[bytes] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Output(
            log=Path(folder, "log"), redact=None, on_line=lambda _stream, line: lines.append(line)
        ) as output,
    ):
        for part in cut(data, places):
            output.feed("stdout", part)
    expected = data.split(b"\n")
    assert lines == (expected if expected[-1] else expected[:-1])


def test_streams_do_not_mix_within_a_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Output(log=log, redact=None, on_line=None) as output:
        output.feed("stdout", b"out")
        output.feed("stderr", b"err\n")
        output.feed("stdout", b"put\n")
    assert log.read_bytes() == b"err\noutput\n"
    assert output.tail == "err\noutput"


def test_what_is_redacted_is_redacted_everywhere(tmp_path: Path) -> None:
    log, lines = tmp_path / "log", []
    with Output(
        log=log,
        redact=lambda line: line.replace(b"secret", b"***"),
        on_line=lambda _stream, line: lines.append(line),
    ) as output:
        output.feed("stdout", b"a sec")
        output.feed("stdout", b"ret\nsecret")
    assert lines == [b"a ***", b"***"]
    assert b"secret" not in log.read_bytes()
    assert "secret" not in output.tail


def test_a_log_goes_on_where_it_was(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for text in (b"one\n", b"two\n"):
        with Output(log=log, redact=None, on_line=None) as output:
            output.feed("stdout", text)
    assert log.read_bytes() == b"one\ntwo\n"


def test_limits_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace.output, "LINE_LIMIT", 10)
    monkeypatch.setattr(workspace.output, "LOG_LIMIT", 25)
    log, lines = tmp_path / "log", []
    with Output(log=log, redact=None, on_line=lambda _stream, line: lines.append(line)) as output:
        for _ in range(8):
            output.feed("stdout", b"12345")
    assert lines == [b"1234512345"] * 4
    assert log.read_bytes().count(b"1234512345") == 3
    assert b"the log is full" in log.read_bytes()


def test_the_tail_is_short_and_plain() -> None:
    with Output(log=None, redact=None, on_line=None) as output:
        for number in range(100):
            output.feed("stdout", f"\x1b[31m{number}\x1b[0m {'x' * 1000}\r\n\n".encode())
    lines = output.tail.split("\n")
    assert len(lines) == workspace.output.TAIL_LINES
    assert lines[-1].startswith("99 xxx")
    assert max(map(len, lines)) == workspace.output.TAIL_WIDTH


@settings(max_examples=40)
@given(st.text())
def test_plain_text_stays_plain(text: str) -> None:
    assert plain(plain(text)) == plain(text) or "\x1b" in text
    assert "\x1b" not in plain(text)
    assert all(char in "\t\n" or char.isprintable() or ord(char) > 159 for char in plain(text))
