"""The pages as files: whole, leading to each other, and without what is of this machine."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from dashboard.export import export
from dashboard.missions import Missions
from errors import UsageError
from mission.place import Place, mission_home
from tests.shown_mission import plan


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [value for name, value in attrs if name in {"href", "src"} and value]


def texts(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): file.read_text()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_every_link_leads_to_a_file(small: Place, tmp_path: Path) -> None:
    # The row by its old name keeps its history.
    odd = plan(more=120).replace("PAY-16", "odd/50%")  # an id that is no name of a file
    small.task_file.write_text(odd)
    out = tmp_path / "out"
    written = export(Missions.of([small]), out)
    files = texts(out)
    assert written == len(files) - 1  # but for the mark
    assert len([name for name in files if "/row/" in name]) == 3 * (17 + 120 + 1)
    for name, text in files.items():
        if not name.endswith(".html"):
            continue
        page = _Links()
        page.feed(text)
        assert not {"script", "form", "button"} & page.tags
        for address in page.found:
            path = unquote(urlsplit(address).path)
            if path:
                assert ((out / name).parent / path).resolve().is_file(), (name, address)
    for name in files:
        if name.endswith(".json"):
            json.loads(files[name])


def test_it_says_nothing_of_this_machine_and_nothing_of_logs(
    small: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYMENTS_TOKEN", "hunter2-sesame")
    small.task_file.write_text(plan().replace("no floats", f"see {small.folder} hunter2-sesame"))
    (small.logs / "PAY-06-1.log").write_text("the agent said a secret thing\n")
    out = tmp_path / "out"
    export(Missions.of([small]), out)
    for name, text in texts(out).items():
        for hidden in (str(small.folder), str(mission_home()), "secret thing", "hunter2"):
            assert hidden not in text, name


def test_it_is_written_again_over_itself_and_over_nothing_else(
    small: Place, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert export(Missions.of([small]), out) == export(Missions.of([small]), out)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="something else"):
        export(Missions.of([small]), tmp_path / "other")
    assert [one.name for one in (tmp_path / "other").iterdir()] == ["thesis.txt"]
