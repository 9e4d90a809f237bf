"""PATH may be left out, although it comes first."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.arguments import path_and, path_and_some, path_or
from errors import UsageError


def test_the_path_is_what_there_is_besides_the_names() -> None:
    assert path_and(["A"], "ID") == (None, ("A",))
    assert path_and(["plan", "A"], "ID") == ("plan", ("A",))
    assert path_and(["plan", "A", "done"], "ID", "STATUS") == ("plan", ("A", "done"))


def test_what_is_missing_or_too_much_is_named() -> None:
    with pytest.raises(UsageError, match=r"STATUS is missing: wanted is \[PATH\] ID STATUS"):
        path_and(["A"], "ID", "STATUS")
    with pytest.raises(UsageError, match="'nice' is too much"):
        path_and(["plan", "A", "nice"], "ID")


def test_one_word_is_a_path_where_there_is_such_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan").mkdir()
    assert path_or([], "ID") == (None, None)
    assert path_or(["plan"], "ID") == ("plan", None)
    assert path_or(["./plam"], "ID") == ("./plam", None)  # a mistyped one is not taken for a task
    assert path_or(["A-1"], "ID") == (None, "A-1")
    assert path_or(["plan", "A-1"], "ID") == ("plan", "A-1")


def test_of_several_words_the_first_is_a_path_where_there_is_such_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan").mkdir()
    assert path_and_some(["A-1"]) == (None, ("A-1",))
    assert path_and_some(["plan", "A-1"]) == ("plan", ("A-1",))
    assert path_and_some(["./plan", "A-1", "A-2"]) == ("./plan", ("A-1", "A-2"))
    assert path_and_some(["A-1", "A-2"]) == (None, ("A-1", "A-2"))
