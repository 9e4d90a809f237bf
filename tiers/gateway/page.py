"""The page at `/docs`: the routes as plain HTML, without a line from anywhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any


def described(openapi: Mapping[str, Any]) -> str:
    """The page of an OpenAPI document: each route, what it takes, what it answers with."""
    title = escape(openapi["info"]["title"])
    return "\n".join(
        (
            "<!doctype html>",
            f'<html lang="en"><meta charset="utf-8"><title>{title}</title>',
            f"<h1>{title}</h1>",
            f"<p>{escape(openapi['info']['description'])}</p>",
            '<p>The same for programs: <a href="/openapi.json">/openapi.json</a></p>',
            *_routes(openapi),
            "</html>",
        )
    )


def _routes(openapi: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in openapi["paths"].items():
        for method, route in methods.items():
            yield f"<h2>{escape(method.upper())} {escape(path)}</h2>"
            yield f"<p>{escape(route.get('description', ''))}</p>"
            yield from _list(
                (f"{one['name']} ({one['in']})", json.dumps(one["schema"], sort_keys=True))
                for one in route.get("parameters", ())
            )
            yield from _list(
                (code, f"{answer['description']} {_model(answer)}")
                for code, answer in route["responses"].items()
            )
    for name, schema in openapi["components"]["schemas"].items():
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3>'
        yield from _list(
            (field, json.dumps(kind, sort_keys=True))
            for field, kind in schema.get("properties", {}).items()
        )


def _model(answer: Mapping[str, Any]) -> str:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _list(items: Iterator[tuple[str, str]]) -> Iterator[str]:
    yield "<ul>"
    yield from (f"<li><b>{escape(name)}</b> <code>{escape(text)}</code>" for name, text in items)
    yield "</ul>"
