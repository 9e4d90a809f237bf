"""The dashboard's routes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import parse_qs, quote

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi import Path as InPath
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from dashboard.deciding import Decisions
from dashboard.described import DECISION, DESCRIPTION, EVENTS, FORM, PAGE, SHARED
from dashboard.door import Door, Entrance
from dashboard.guest import Guest, guest_of
from dashboard.pages.build import NAVIGATION, OF_ROWS
from dashboard.pages.page import Query
from dashboard.revisions import Revisions
from dashboard.site import Asked, Site
from errors import MissionError

_STATIC: Final = Path(__file__).with_name("static")
_STATIC_TYPES: Final = {
    "pages.css": "text/css; charset=utf-8",
    "pages.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_MOST_FORM: Final = 64 << 10  # bytes
_MOST_FIELDS: Final = 10
_FORMS: Final = ("json", "txt")
_Key = Annotated[str, InPath(max_length=80, pattern="^[a-z0-9-]+$")]
_Task = Annotated[str, InPath(max_length=500, pattern=r"^[^\x00]+$")]
_PAGES: Final = frozenset(name for name, _ in NAVIGATION)


def make_app(
    site: Site, revisions: Revisions, door: Door, decisions: Decisions | None = None
) -> FastAPI:
    """The pages, behind the door."""
    app = FastAPI(
        title="Mission dashboard",
        version="1",
        description=DESCRIPTION,
        docs_url=None,  # FastAPI's own pages load programs from somewhere else
        redoc_url=None,
    )
    app.add_middleware(Entrance, door=door)

    app.add_api_route(
        "/events",
        _events(revisions),
        methods=["GET"],
        response_class=StreamingResponse,
        responses=EVENTS,
    )
    app.add_api_route(
        "/static/{name}", _shared, methods=["GET"], response_class=Response, responses=SHARED
    )
    _add_pages(app, site)
    if decisions is not None:
        _add_decisions(app, site, door, decisions)
    return app


def _add_pages(app: FastAPI, site: Site) -> None:
    @app.get("/", response_class=Response, responses=PAGE)
    def home(request: Request) -> Response:
        """All missions."""
        return _answer(site, request, Asked(name="missions", address="missions"))

    @app.get("/missions.{form}", response_class=Response, responses=PAGE)
    def missions(request: Request, form: str) -> Response:
        """All missions, for programs."""
        if form not in _FORMS:
            raise HTTPException(404, "There is no such page")
        return _answer(site, request, Asked(name="missions", form=form, address="missions"))

    @app.get("/{key}/{page}", response_class=Response, responses=PAGE)
    def mission(request: Request, key: _Key, page: str) -> Response:
        """A page of a mission."""
        name, form = ("feed", "atom") if page == "feed.atom" else _form(page, _PAGES.__contains__)
        if name not in _PAGES:
            raise HTTPException(404, "There is no such page")
        return _answer(site, request, Asked(name=name, form=form, key=key, address=name))

    @app.get("/{key}/{page}/{task:path}", response_class=Response, responses=PAGE)
    def row(request: Request, key: _Key, page: str, task: _Task) -> Response:
        """A page about one row."""
        if page not in OF_ROWS:
            raise HTTPException(404, "There is no such page")
        name, form = _form(task, lambda one: site.has_row(key, one, guest_of(request)))
        asked = Asked(name=page, form=form, key=key, task=name, address=quote(name, safe=""))
        return _answer(site, request, asked)


def _add_decisions(app: FastAPI, site: Site, door: Door, decisions: Decisions) -> None:
    async def decide(request: Request, key: str, task: str) -> Response:
        form = await _form_of(request)
        if form is None or not door.has_ticket(form.get("ticket", "")):
            return PlainTextResponse("Not from a page of this dashboard\n", status_code=403)
        top = str(request.scope.get("root_path", ""))
        of = _Decided(site=site, decisions=decisions, guest=guest_of(request), top=top)
        return await run_in_threadpool(of.decide, key, task, form)

    @app.post("/{key}/pause", response_class=Response, responses=DECISION, openapi_extra=FORM)
    async def mission(request: Request, key: _Key) -> Response:
        """Pause a mission, or let it go on."""
        return await decide(request, key, "")

    @app.post(
        "/{key}/row/{task:path}", response_class=Response, responses=DECISION, openapi_extra=FORM
    )
    async def row(request: Request, key: _Key, task: _Task) -> Response:
        """Decide on a row."""
        return await decide(request, key, task)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Decided:
    """Asks for what a form says."""

    site: Site
    decisions: Decisions
    guest: Guest
    top: str  # of the pages

    def decide(self, key: str, task: str, form: Mapping[str, str]) -> Response:
        """Then the page that tells what becomes of it."""
        try:
            shown = self.site.mission(key, self.guest)
            self.decisions.decide(shown, form.get("verb", ""), task, form.get("note", ""))
        except KeyError:
            return PlainTextResponse("There is no such page\n", status_code=404)
        except MissionError as error:
            made = self.site.problem(key, error, self.guest)
            return Response(
                made.rendered.body,
                status_code=made.status,
                headers={"Content-Type": made.rendered.type},
            )
        page = f"{key}/row/{quote(task, safe='')}" if task else f"{key}/mission"
        return Response(status_code=303, headers={"Location": f"{self.top}/{page}"})


async def _form_of(request: Request) -> dict[str, str] | None:
    """What a form of ours says; None for anything else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return None
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_FORM:
            return None
    text = body.decode("utf-8", "replace")
    try:
        values = parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None
    return {name: its[-1] for name, its in values.items()}


def _events(revisions: Revisions) -> Callable[[Request], StreamingResponse]:
    def events(request: Request) -> StreamingResponse:
        """A word for each mission, and each that differs from the one before."""
        return StreamingResponse(
            revisions.stream(guest_of(request).among),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    return events


def _shared(request: Request, name: str) -> Response:
    """What all pages share."""
    if name not in _STATIC_TYPES:
        raise HTTPException(404, "There is no such file")
    body, tag = _static(name)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if _has(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers | {"Content-Type": _STATIC_TYPES[name]})


def _form(name: str, is_whole: Callable[[str], bool]) -> tuple[str, str]:
    """A page's name without the ending that says in which form it is wanted."""
    stem, dot, ending = name.rpartition(".")
    if dot and ending in _FORMS and not is_whole(name):
        return stem, ending
    return name, "html"


def _answer(site: Site, request: Request, asked: Asked) -> Response:
    """The page with its ETag; without its body for whoever has it already."""
    values: dict[str, str] = {}
    for name, value in request.query_params.multi_items()[:10]:
        if name != "token":  # it is the door's, and on no page
            values.setdefault(name[:40], value[:500])
    try:
        made = site.answer(replace(asked, query=Query(values=values), guest=guest_of(request)))
    except KeyError:
        return PlainTextResponse("There is no such page\n", status_code=404)
    rendered = made.rendered
    headers = {"ETag": rendered.tag, "Cache-Control": "private, no-cache"}
    if made.status == 200 and _has(request, rendered.tag):
        return Response(status_code=304, headers=headers)
    return Response(
        rendered.body,
        status_code=made.status,
        headers=headers | {"Content-Type": rendered.type},
    )


def _has(request: Request, tag: str) -> bool:
    """As RFC 9110 compares If-None-Match: weakly, `*` is any."""
    given = request.headers.get("if-none-match", "")
    tags = [part.strip().removeprefix("W/") for part in given.split(",")]
    return tag.removeprefix("W/") in tags or "*" in tags


@cache
def _static(name: str) -> tuple[bytes, str]:
    body = (_STATIC / name).read_bytes()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
