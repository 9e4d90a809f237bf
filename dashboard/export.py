"""The pages as files, for people without access: no logs, sessions or paths of this machine."""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from dashboard.missions import Here, Missions
from dashboard.pages.build import NAVIGATION, build
from dashboard.pages.missions import missions_page
from dashboard.pages.page import Head, Query, head_of
from dashboard.rendering import Links, Renderer, file_name
from errors import UsageError
from mission.clock import utc_now
from mission.place import mission_home
from service.standing import Standing
from service.story import read_history

_FORMS: Final = ("html", "json", "txt")
_MARK: Final = ".mission-dashboard"  # says that the folder was written by us
_STATIC: Final = Path(__file__).with_name("static")
_SHARED: Final = ("pages.css", "icon.svg")
_SOMEWHERE: Final = b"\xe2\x80\xa6"  # stands for a folder of this machine


def export(missions: Missions, folder: Path) -> int:
    """Write all pages into a folder; how many files that are.

    Args:
        missions: What is shown.
        folder: New, empty, or one that an export was written to before.

    Raises:
        UsageError: The folder holds something else.
        MissionError: A mission cannot be read.
        OSError: Something cannot be written.
    """
    if folder.is_dir() and not (folder / _MARK).exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} holds something else", hint="Name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()
    written = 0
    for name in _SHARED:
        (folder / "static").mkdir(exist_ok=True)
        shutil.copyfile(_STATIC / name, folder / "static" / name)
        written += 1
    exporting = _Exporting(missions=missions, renderer=Renderer(), now=utc_now())
    for name, body in exporting.files():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
        written += 1
    return written


@dataclass(frozen=True, kw_only=True, slots=True)
class _Exporting:
    """Makes the files, one after the other."""

    missions: Missions
    renderer: Renderer
    now: datetime

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Each with its name below the folder."""
        page = missions_page(self.missions.values())
        hidden = [one for shown in self.missions.values() for one in _hidden(shown)]
        for form in _FORMS:
            name = "index.html" if form == "html" else f"missions.{form}"
            yield name, _without(self._body("missions", form, page, None, "", 0), hidden)
        for shown in self.missions.values():
            yield from self._mission(shown)

    def _mission(self, shown: Here) -> Iterator[tuple[str, bytes]]:
        standing = shown.current()
        head = head_of(shown, standing)
        query, hidden = Query(exported=True), list(_hidden(shown))
        wanted = [(name, "") for name, _ in NAVIGATION]
        wanted += [("row", task) for task in _tasks(shown, standing)]
        for name, task in wanted:
            page = build(name, shown, standing, task, query)
            file = f"{shown.key}/row/{file_name(task)}" if task else f"{shown.key}/{name}"
            depth = 2 if task else 1
            for form in _FORMS:
                body = self._body(name, form, page, head, shown.key, depth)
                yield f"{file}.{form}", _without(body, hidden)

    def _body(
        self, name: str, form: str, page: object, head: Head | None, key: str, depth: int
    ) -> bytes:
        return self.renderer.page(
            name,
            form,
            page,
            self.now,
            head=head,
            links=Links(up="../" * depth, ending=".html", key=key),
            here=name,
            live=False,
            revision="",
            can_decide=False,
            ticket="",
            asked=(),
            self_address="",
            self_query="",
            NAVIGATION=NAVIGATION,
        ).body


def _tasks(shown: Here, standing: Standing) -> Iterable[str]:
    """Every row that a page may lead to: those that are gone from the file keep their history."""
    history = read_history(shown.place)
    rows = [view.task.id for view in standing.overview.tasks]
    tried = [one.task for one in history.attempts]
    told = [one.task for one in history.events if one.task is not None]
    return dict.fromkeys([*rows, *tried, *told])


def _hidden(shown: Here) -> Iterator[bytes]:
    """Folders of this machine, in every way in which a page may have them."""
    place = shown.place
    folders = [place.state_dir, place.folder, mission_home()]
    if place.repository is not None:
        folders.append(place.repository)
    for folder in folders:
        text = str(folder)
        for form in (text, json.dumps(text)[1:-1], html.escape(text)):
            yield form.encode("utf-8", "replace")


def _without(body: bytes, hidden: list[bytes]) -> bytes:
    for one in sorted(set(hidden), key=len, reverse=True):
        body = body.replace(one, _SOMEWHERE)
    return body
