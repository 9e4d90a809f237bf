"""Every page of every mission, each made once for all who ask until something differs."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from dashboard.deciding import Decisions
from dashboard.guest import NOBODY, Guest
from dashboard.missions import Gallery, Shown
from dashboard.pages.build import NAVIGATION, WITH_FORECAST, build
from dashboard.pages.missions import missions_page
from dashboard.pages.page import Head, Query, head_of
from dashboard.rendering import Links, Rendered, Renderer
from dashboard.revisions import Revisions
from errors import MissionError, TaskFileError, UsageError
from mission.clock import Now, utc_now
from service.foreseen import Forecasts
from service.standing import Standing

_KEPT: Final = 64  # pages
_TEXT_SECONDS: Final = 10  # for so long a page may tell the same ages


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A page that somebody wants."""

    name: str
    form: str = "html"  # html, txt, json
    key: str = ""  # of the mission; empty: of all
    task: str = ""  # the row, for a page about one
    query: Query = field(default_factory=Query)
    guest: Guest = NOBODY
    address: str = ""  # its own, without the form's ending, as its links have it


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What comes back."""

    status: int
    rendered: Rendered


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Why there is no such page now."""

    status: int
    message: str
    hint: str


class Site:
    """Makes the pages. For many threads."""

    def __init__(
        self,
        gallery: Gallery,
        revisions: Revisions,
        decisions: Decisions | None = None,
        *,
        forecasts: Forecasts | None = None,
        ticket: str = "",
        clock: Now = utc_now,
        renderer: Renderer | None = None,
    ) -> None:
        """
        Args:
            forecasts: Has those of each mission; without it pages show none.
            ticket: What forms send along.
        """
        self._decisions = decisions
        self._forecasts = forecasts
        self._gallery = gallery
        self._revisions = revisions
        self._ticket = ticket
        self._clock = clock
        self._renderer = renderer or Renderer()
        self._kept: OrderedDict[object, Answer] = OrderedDict()
        self._lock = threading.Lock()  # guards what is kept

    def answer(self, asked: Asked) -> Answer:
        """The page, or what there is to say instead.

        Raises:
            KeyError: There is no such mission, or no such page.
        """
        try:
            return self._answer(asked)
        except MissionError as error:  # which missions there are cannot be told
            return self._problem(asked, error, word="", head=None)

    def _answer(self, asked: Asked) -> Answer:
        shown, among = self._shown(asked), asked.guest.among
        word = self._word(shown, asked.guest)
        version = None if shown is None else shown.version()
        age = int(self._clock().timestamp()) // _TEXT_SECONDS
        key = (asked.name, asked.form, asked.key, asked.task, *asked.query.values.items())
        seen = among if shown is None else None  # a page of a mission is the same for all
        mark = (key, seen, word, version, age)
        with self._lock:
            kept = self._kept.get(mark)
        if kept is not None:
            return kept
        made = self._make(asked, shown, word)
        if asked.name != "diff" and (shown is None or version is not None):
            with self._lock:
                self._kept[mark] = made
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return made

    def mission(self, key: str, guest: Guest) -> Shown:
        """The mission of that key.

        Raises:
            KeyError: There is none that they may see.
            MissionError: Which there are cannot be told now.
        """
        return self._gallery.mission(key, guest.among)

    def problem(self, key: str, error: MissionError, guest: Guest) -> Answer:
        """What there is to say where something that was asked for cannot be done."""
        asked = Asked(name="problem", key=key, guest=guest, address="mission")
        return self._problem(asked, error, word="", head=self._head(self.mission(key, guest)))

    def has_row(self, key: str, task: str, guest: Guest) -> bool:
        """Whether the mission's file has a row of that name now."""
        try:
            tasks = self.mission(key, guest).current().overview.tasks
            return any(view.task.id == task for view in tasks)
        except (KeyError, MissionError):
            return False

    def _shown(self, asked: Asked) -> Shown | None:
        return self.mission(asked.key, asked.guest) if asked.key else None

    def _word(self, shown: Shown | None, guest: Guest) -> str:
        if shown is not None:
            return self._revisions.of(shown)
        return " ".join(self._revisions.now(guest.among).values())

    def _make(self, asked: Asked, shown: Shown | None, word: str) -> Answer:
        if shown is None:
            all_of_them = missions_page(self._gallery.missions(asked.guest.among).values())
            return self._answered(asked, "missions", all_of_them, word, head=None)
        try:
            standing, place = shown.current(), shown.place
            forecast = None
            if self._forecasts is not None and place is not None and asked.name in WITH_FORECAST:
                forecast = self._forecasts.newest(place, _mark(standing))
            page = build(asked.name, shown, standing, asked.task, asked.query, forecast=forecast)
        except MissionError as error:
            return self._problem(asked, error, word=word, head=self._head(shown))
        head = head_of(shown, standing)
        return self._answered(asked, asked.name, page, word, head=head)

    def _problem(
        self, asked: Asked, error: MissionError, *, word: str, head: Head | None
    ) -> Answer:
        problem = Problem(status=_status(error), message=error.message, hint=error.hint)
        return self._answered(asked, "problem", problem, word, head=head)

    def _head(self, shown: Shown) -> Head | None:
        """What every page of a mission says; None where it cannot be read."""
        try:
            return head_of(shown, shown.current())
        except MissionError:
            return None

    def _answered(
        self, asked: Asked, template: str, page: object, word: str, *, head: Head | None
    ) -> Answer:
        depth = 0 if not asked.key else 2 if asked.task else 1
        query = "&".join(f"{name}={value}" for name, value in asked.query.values.items())
        told = asked.form == "atom" and template != "feed"  # that there is none
        rendered = self._renderer.page(
            template,
            "txt" if told else asked.form,
            page,
            self._clock(),
            head=head,
            links=Links(up="../" * depth, key=asked.key),
            here=asked.name,
            live=True,
            revision=word,
            can_decide=self._decisions is not None,
            ticket=self._ticket,
            asked=() if self._decisions is None else self._decisions.lines(asked.key),
            self_address=asked.address,
            self_query=f"?{query}" if query else "",
            NAVIGATION=NAVIGATION,
        )
        status = page.status if isinstance(page, Problem) else 200
        return Answer(status=status, rendered=rendered)


def _mark(standing: Standing) -> object:
    """What differs once a forecast would. What agents print is not in it."""
    rows = (view.task for view in standing.overview.tasks)
    return standing.event, tuple(
        (row.id, row.status, row.depends_on, row.estimate_tokens) for row in rows
    )


def _status(error: MissionError) -> int:
    if isinstance(error, UsageError):
        return 400
    return 404 if isinstance(error, TaskFileError) else 503
