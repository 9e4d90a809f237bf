"""What commands print with."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cli.console import fact, print_json, printable
from cli.tables import Column, table, wrap
from mission.amounts import count, money, span
from mission.place import Place
from tasks_md.spans import display_width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain — text", "plain — text"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("two\nlines\r\n", "two\\nlines\\r\\n"),
        ("\u202eright to left", "\\u202eright to left"),
        ("\u2028", "\\u2028"),
        ("\x9b31m", "\\x9b31m"),
        ("bad \udcff byte", "bad \\udcff byte"),
        ("no\u00a0break", "no break"),
        ("👩‍🚀 漢字", "👩‍🚀 漢字"),
        ("\x00\x7f", "\\x00\\x7f"),
    ],
)
def test_what_a_terminal_would_act_on_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_nothing_dangerous_is_left(text: str) -> None:
    shown = printable(text)
    assert all(c.isprintable() or c in "\u200c\u200d" for c in shown)
    assert printable(shown) == shown


@example(text="a/path", width=2)
@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=60), st.integers(2, 20))
def test_wrapping_loses_nothing_and_fits(text: str, width: int) -> None:
    lines = wrap(text, width, paths=False)
    assert "".join(lines) == text
    assert all(display_width(line) <= width for line in lines)


def test_a_table_wraps_its_flexible_columns() -> None:
    columns = [
        Column(heading="ID"),
        Column(heading="TOKENS", right=True),
        Column(heading="NOTES", flexible=True),
    ]
    text = table(columns, [("A-1", "4K", "漢字 " * 20), ("A-2", "12", "line\nbreak")], width=40)
    lines = text.splitlines()
    assert lines[0] == "ID   TOKENS  NOTES"
    assert lines[1].startswith("A-1      4K  漢字 漢字")
    assert lines[-1] == "A-2      12  line\\nbreak"
    assert all(display_width(line) <= 40 for line in lines)
    assert text.count("漢字") == 20


def test_a_table_without_rows_is_its_head() -> None:
    assert table([Column(heading="ID")], []) == "ID"


def test_colours_go_to_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    column = Column(heading="STATUS", styles={"done": "green"})
    assert "\x1b" not in table([column], [("done",)])
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[32mdone\x1b[0m" in table([column], [("done",)])
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in table([column], [("done",)])


def test_json_is_one_object_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    print_json({"when": moment, "took": timedelta(minutes=1), "cost": float("nan"), "x": ("é",)})
    expected = {"when": "2026-01-02T00:00:00+00:00", "took": 60.0, "cost": None, "x": ["é"]}
    assert json.loads(capsys.readouterr().out) == expected
    print_json({"bytes": "\udcff", "control": "\x1b\x9b\n\u202e"})
    out = capsys.readouterr().out
    assert json.loads(out) == {"bytes": "\udcff", "control": "\x1b\x9b\n\u202e"}
    assert not {"\x1b", "\x9b", "\u202e"} & set(out)


def test_an_old_encoding_does_not_stop_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    fact("a — b")
    assert raw.getvalue() == b"a \\u2014 b\n"


def test_numbers_for_people() -> None:
    assert [count(n) for n in (None, 0, 999, 1000, 4200, 1_500_000)] == [
        "—", "0", "999", "1K", "4.2K", "1.5M",
    ]  # fmt: skip
    assert [money(m) for m in (None, 0.0, 0.0042, 1.5)] == ["—", "$0.00", "$0.0042", "$1.50"]
    lengths = (0.44, 12, 59.6, 185, 7800)
    shown = [span(timedelta(seconds=seconds)) for seconds in lengths]
    assert shown == ["0.4s", "12s", "60s", "3m05s", "2h10m"]
    assert span(None) == "—"


@pytest.mark.parametrize("command", [["status"], ["status", "--json"], ["check"]])
def test_a_stdout_that_was_closed_from_the_start(place: Place, command: list[str]) -> None:
    """As with `mission status >&-`: there is nobody to tell, which is no error."""
    argv = [sys.executable, "-m", "cli", *command, str(place.folder)]
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", *argv]
    ended = subprocess.run(shell, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
