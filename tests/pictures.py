"""The pictures in README and docs, from the product itself: `make pictures`.

What the terminal shows is drawn by rich, as SVG, and is the same each time. The dashboard is shown
by Chromium, whose pixels differ from one machine to the next.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

from playwright.sync_api import sync_playwright
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from cli.live import LiveDisplay
from cli.main import app
from cli.watch import _Watched
from mission.place import Place
from service.builder import Standings
from tests import shown_mission
from tests.integration.dashboard.conftest import serving
from workspace.git import Git

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
WIDTH = 80
_BEGAN = datetime(2026, 3, 2, 8, 25, tzinfo=UTC)
_NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
_HOME = "/home/ann"
_PERSON = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "ann"), ("EMAIL", "ann@x.invalid"), ("DATE", "1772440000 +0000"))
}
_WORK = {
    "provider/client.py": "".join(f"call_{number}()\n" for number in range(41)),
    "provider/signing.py": "".join(f"sign_{number}()\n" for number in range(9)),
    "tests/test_client.py": "".join(f"check_{number}()\n" for number in range(27)),
}


def drawn() -> Mapping[str, str]:
    """Each picture of the terminal by its file's name."""
    with _mission(_BEGAN) as place:
        return {"live.svg": _live(place), "show.svg": _show(place)}


def write(folder: Path) -> None:
    """Make all of them."""
    folder.mkdir(exist_ok=True)
    for name, picture in drawn().items():
        (folder / name).write_text(picture, encoding="utf-8")
    with _mission(shown_mission.BEGAN) as place:
        _photograph(place, folder / "dashboard.png")


@contextmanager
def _mission(began: datetime) -> Iterator[Place]:
    """The mission that has something of everything, under way, with work on one branch."""
    with tempfile.TemporaryDirectory(prefix="m") as folder, _machine(Path(folder)):
        top = Path(folder) / "payments"
        base, head = _commits(top)
        with mock.patch.multiple(shown_mission, BEGAN=began, BASE=base, HEAD=head):
            place = shown_mission.make(top)
        text = place.task_file.read_text(encoding="utf-8")
        place.task_file.write_text(text.replace(shown_mission.HOSTILE, "A page of disputes."))
        with mock.patch.object(sys, "argv", ["mission", "run"]), shown_mission.held(place):
            yield place


@contextmanager
def _machine(folder: Path) -> Iterator[None]:
    """A place, a zone and settings that are the same everywhere."""
    own = {"MISSION_HOME": str(folder / "own"), "TZ": "UTC", "COLUMNS": str(WIDTH)}
    before = Path.cwd()
    try:
        with mock.patch.dict(os.environ, own):
            time.tzset()
            yield
    finally:
        os.chdir(before)
        time.tzset()


def _commits(top: Path) -> tuple[str, str]:
    """A repository with a base, and a branch for the row that is shown."""
    top.mkdir()
    git = Git(top)
    with mock.patch.dict(os.environ, _PERSON):
        git.run("init", "--quiet", "--initial-branch", "main", environment=_PERSON)
        git.run("commit", "--quiet", "--allow-empty", "-m", "base", environment=_PERSON)
        base = git.text("rev-parse", "HEAD")
        for name, text in _WORK.items():
            (top / name).parent.mkdir(exist_ok=True)
            (top / name).write_text(text)
        git.run("add", "--all")
        git.run("commit", "--quiet", "-m", "work", environment=_PERSON)
        head = git.text("rev-parse", "HEAD")
        git.run("branch", "feat/pay-08", head)
        git.run("reset", "--quiet", "--hard", base)
    return base, head


def _live(place: Place) -> str:
    """What `mission watch` shows, as `mission run` does."""
    display = LiveDisplay(console := _console())
    now = mock.Mock(now=mock.Mock(return_value=_NOW))
    with (
        mock.patch("cli.live.datetime", now),
        mock.patch("cli.live.time", mock.Mock(monotonic=mock.Mock(return_value=1e6))),
    ):
        _Watched(display).show(Standings(place).current())
        console.print(display._render())
    return _svg(_text_of(console), "mission watch", place)


def _show(place: Place) -> str:
    os.chdir(place.folder)
    shown = io.StringIO()
    with redirect_stdout(shown), mock.patch("cli.console.has_colours", return_value=True):
        app(["show", "PAY-08"], standalone_mode=False)
    return _svg(shown.getvalue(), "mission show PAY-08", place)


def _console() -> Console:
    return Console(file=io.StringIO(), width=WIDTH, force_terminal=True, color_system="standard")


def _text_of(console: Console) -> str:
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def _svg(ansi: str, title: str, place: Place) -> str:
    """rich's export, without a font that whoever reads the page would have to fetch."""
    plain = ansi.replace(str(place.folder.parent), _HOME).replace(os.uname().nodename, "laptop")
    plain = plain.replace(f"process {os.getpid()} ", "process 4711 ")
    console = Console(record=True, file=io.StringIO(), width=WIDTH, force_terminal=True)
    console.print(Text.from_ansi(plain.rstrip()), soft_wrap=False)
    frame = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return console.export_svg(title=title, code_format=frame, unique_id="mission")


def _photograph(place: Place, file: Path) -> None:
    with serving(place) as dashboard, sync_playwright() as playwright:
        found = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 720})
        page.goto(dashboard.address)
        page.locator("article h2 a").first.click()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=file)
        browser.close()


if __name__ == "__main__":
    write(FOLDER)
