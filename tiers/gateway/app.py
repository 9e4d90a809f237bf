"""The API's routes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import psycopg
from fastapi import FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel
from starlette.routing import Route
from starlette.types import ASGIApp

from errors import MissionError
from tiers.gateway import models
from tiers.gateway.entrance import Door, Entrance, reader_of
from tiers.gateway.page import described
from tiers.gateway.storage import PAGE, ReadStorage

Problems = Callable[[], list[str]]  # names of services that cannot be used now

_NO_NUL = r"^[^\x00]+$"  # no server of databases takes one in a text
Identifier = Annotated[str, Path(max_length=500, pattern=_NO_NUL)]
Offset = Annotated[int, Query(ge=0, le=1_000_000_000)]

_DESCRIPTION = """\
What a team's missions are doing. Read-only: a mission's TASKS.md is the truth of status, and its
runner the only writer. Where the gateway asks for a token, send it as `Authorization: Bearer`: it
shows the missions that it was made for, and there are no others. Answers carry an ETag; send it
back as If-None-Match to be told 304 when nothing has changed.
"""
_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": models.Problem, "description": "No token that is good"},
    404: {"model": models.Problem, "description": "There is no such thing"},
    503: {"model": models.Problem, "description": "The storage cannot be used now"},
}
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Unchanged since the ETag"}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Mounted:
    """Something else that reads, at a path of its own, behind the same door."""

    path: str
    app: ASGIApp
    lifespan: Callable[[], AbstractAsyncContextManager[None]]  # while requests are answered


def make_app(
    storage: ReadStorage, problems: Problems, door: Door, also: Mounted | None = None
) -> FastAPI:
    """The API on a storage. `problems` looks at the tier's services, for `/readyz`."""
    app = FastAPI(
        lifespan=None if also is None else lambda _: also.lifespan(),
        title="Mission gateway",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,  # FastAPI's own pages load programs from somewhere else
        redoc_url=None,
    )
    app.add_middleware(Entrance, door=door)
    app.add_exception_handler(psycopg.Error, _storage_away)
    app.add_exception_handler(MissionError, _refused)

    @app.get("/healthz", tags=["health"])
    def healthz() -> models.Health:
        """Whether the process is alive."""
        return models.Health()

    @app.get("/readyz", tags=["health"], responses={503: {"model": models.Readiness}})
    def readyz(response: Response) -> models.Readiness:
        """Whether requests can be answered now."""
        found = problems()
        response.status_code = 503 if found else 200
        return models.Readiness(ready=not found, problems=found)

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(described(app.openapi()), headers=_PAGE_HEADERS)

    _add_routes(app, storage)
    if also is not None:
        app.router.routes.append(Route(also.path, also.app))
    return app


def _add_routes(app: FastAPI, storage: ReadStorage) -> None:
    responses = _ERRORS | _UNCHANGED

    @app.get("/api/v1/missions", response_model=models.Missions, responses=responses)
    def missions(request: Request, offset: Offset = 0) -> Response:
        """The missions, by name; a hundred from `offset` on."""
        rows = storage.missions(offset, reader_of(request).missions)
        return _tagged(request, models.Missions.model_validate({"missions": rows}))

    @app.get("/api/v1/missions/{id}", response_model=models.MissionInFull, responses=responses)
    def mission(
        request: Request,
        id: Identifier,  # noqa: A002  the path's own word
        offset: Offset = 0,
        limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
    ) -> Response:
        """A mission with `limit` of its tasks from `offset` on, in the file's order."""
        may = reader_of(request).may_read(id)
        row = storage.mission(id, offset=offset, limit=limit) if may else None
        if row is None:
            raise HTTPException(404, "There is no such mission")
        return _tagged(request, models.MissionInFull.model_validate(row))

    @app.get("/api/v1/tasks/{id}", response_model=models.TaskInFull, responses=responses)
    def task(request: Request, id: Identifier) -> Response:  # noqa: A002  as above
        """A task with its last hundred attempts and events."""
        row = storage.task(id)
        if row is None or not reader_of(request).may_read(row["mission_id"]):
            raise HTTPException(404, "There is no such task")
        return _tagged(request, models.TaskInFull.model_validate(row))

    @app.get("/api/v1/search", response_model=models.Results, responses=responses)
    def search(
        request: Request,
        q: Annotated[str, Query(min_length=1, max_length=1000, pattern=_NO_NUL)],
        limit: Annotated[int, Query(ge=1, le=100)] = 10,
    ) -> Response:
        """Tasks and notes that fit `q`: by meaning where the storage has embeddings."""
        answer = storage.search(q, limit, reader_of(request).missions)
        results = [asdict(hit) for hit in answer.hits]
        return _tagged(
            request, models.Results.model_validate({"way": answer.way.value, "results": results})
        )


def _tagged(request: Request, body: BaseModel) -> Response:
    """The answer with its ETag; without its body for whoever has it already."""
    content = body.model_dump_json().encode()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if _matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def _matches(given: str, tag: str) -> bool:
    """As RFC 9110 compares If-None-Match: weakly, `*` is any."""
    tags = [part.strip().removeprefix("W/") for part in given.split(",")]
    return tag in tags or "*" in tags


def _storage_away(_request: Request, _error: Exception) -> JSONResponse:
    # The words of the driver may hold addresses and names that are nobody's business.
    return JSONResponse({"detail": "The storage cannot be used now"}, status_code=503)


def _refused(_request: Request, error: Exception) -> JSONResponse:
    detail = error.message if isinstance(error, MissionError) else ""
    return JSONResponse({"detail": detail}, status_code=503)
