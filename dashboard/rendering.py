"""A page's values as HTML, plain text or JSON."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from markupsafe import escape as markup_escape

from dashboard.states import GROUPS, WORDS, group_of
from mission.amounts import count, money, share, span
from workspace.redact import Redactor

_TEMPLATES: Final = Path(__file__).with_name("templates")
_LONGEST_NAME: Final = 150
_TIME: Final = re.compile(rb"(<time [^<>]{1,200}>)[^<]*")  # what only tells how long ago it is
_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "json": "application/json",
    "atom": "application/atom+xml; charset=utf-8",
}
#: What names of ours in Atom begin with (RFC 4151), below a host that nobody can own (RFC 2606).
_ATOM_ID: Final = "tag:mission-runner.example,2026:"
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Links:
    """Addresses as they stand in a page: relative, so that exported files find each other."""

    up: str = ""  # to the top: `../` for each folder between
    ending: str = ""  # of a page's file, where it is one
    key: str = ""  # of the page's mission

    def page(self, name: str, key: str = "", **query: object) -> str:
        """A page of a mission."""
        return f"{self.up}{key or self.key}/{name}{self.ending}{self._query(query)}"

    def row(self, task: str, **query: object) -> str:
        """The page of a row."""
        return self._of_row("row", task, query)

    def diff(self, task: str, **query: object) -> str:
        """What a row changed."""
        return self._of_row("diff", task, query)

    def home(self) -> str:
        """All missions."""
        return f"{self.up}index.html" if self.ending else (self.up or "./")

    def static(self, name: str) -> str:
        """A file that every page shares."""
        return f"{self.up}static/{name}"

    def _of_row(self, page: str, task: str, query: Mapping[str, object]) -> str:
        named = quote(file_name(task), safe="") if self.ending else quote(task, safe="")
        return f"{self.up}{self.key}/{page}/{named}{self.ending}{self._query(query)}"

    def _query(self, query: Mapping[str, object]) -> str:
        given = {name: value for name, value in query.items() if value not in (None, "")}
        return f"?{urlencode(given)}" if given and not self.ending else ""


def file_name(task: str) -> str:
    """The name of a row's exported file, without its ending: no two rows share one."""
    name = quote(task, safe=" ")
    if len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(task.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"{name[: _LONGEST_NAME - 17]}-{digest}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """An answer's body."""

    body: bytes
    type: str
    tag: str  # equal where nothing differs but how long ago things were


class Renderer:
    """Makes pages. Secrets that this process knows are taken out of each."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        escaped = {f"HTML_{name}": str(markup_escape(value)) for name, value in environ.items()}
        self._redact = Redactor.from_environment({**escaped, **environ}).line
        self._html = _environment(html=True)
        self._text = _environment(html=False)

    def prepare(self) -> None:
        """Read all templates now, rather than when the first person waits for them."""
        for name in self._html.list_templates(extensions=["html"]):
            self._html.get_template(name)

    def page(self, name: str, form: str, page: object, now: datetime, **more: object) -> Rendered:
        """A page in one of its forms: html, txt, json.

        Args:
            name: Of its template.
            form: Which form; the feed has `atom` (RFC 4287), too.
            page: Its values.
            now: What ages are told by.
            more: What the template needs beside them; JSON goes without.
        """
        if form == "json":
            head = more.get("head")
            whole = {"name": name, "mission": plain(head), **_object(plain(page))}
            text = json.dumps(whole, ensure_ascii=True, allow_nan=False, indent=1) + "\n"
        else:
            engine = self._html if form == "html" else self._text
            template = engine.get_template(f"{name}.{form}")
            text = template.render(page=page, now=now, **more)
        body = self._redact(text.encode("utf-8", "replace"))
        same = _TIME.sub(rb"\1", body) if form == "html" else body
        return Rendered(
            body=body, type=_TYPES[form], tag=f'W/"{hashlib.sha256(same).hexdigest()[:32]}"'
        )


def plain(value: object) -> object:
    """As JSON has it: times as ISO 8601, lengths of time as seconds."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    found: object
    match value:
        case Mapping():
            found = {str(name): plain(inner) for name, inner in value.items()}
        case list() | tuple():
            found = [plain(inner) for inner in value]
        case datetime():
            found = value.isoformat()
        case timedelta():
            found = value.total_seconds()
        case float():
            found = value if math.isfinite(value) else None
        case None | bool() | int():
            found = value
        case _:
            found = str(value)
    return found


def _object(value: object) -> dict[str, object]:
    return {str(name): inner for name, inner in value.items()} if isinstance(value, dict) else {}


def _environment(*, html: bool) -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(("html", "atom")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=None if html else _one_line,
    )
    made.filters |= {
        "count": count,
        "money": money,
        "share": share,
        "span": span,
        "ago": _ago_html if html else _exact,
        "lasting": _lasting_html if html else _exact,
        "bar": _bar,
        "lines": _lines,
        "exact": _exact_or_short,
        "seconds": _seconds,
        "short": _short,
        "moment": _moment,
    }
    made.globals |= {"WORDS": WORDS, "GROUPS": tuple(GROUPS), "group_of": group_of}
    made.globals |= {"ATOM_ID": _ATOM_ID, "NEVER": _NEVER}
    return made


def _exact(when: datetime | None, _now: datetime | None = None) -> str:
    """To the second, in this machine's zone."""
    return "—" if when is None else f"{when.astimezone():%Y-%m-%d %H:%M:%S %Z}"


def _ago_html(when: datetime | None, now: datetime) -> Markup:
    """How long ago, with the exact time on hover."""
    return Markup("—") if when is None else _time(when, ago(when, now), "")


def _lasting_html(when: datetime | None, now: datetime) -> Markup:
    """For how long, with the exact time of its beginning on hover."""
    return Markup("—") if when is None else _time(when, _age(abs(now - when)), "for")


def _time(when: datetime, text: str, form: str) -> Markup:
    iso = when.astimezone(UTC).isoformat(timespec="seconds")
    way = Markup(' data-form="{}"').format(form) if form else ""
    return Markup('<time datetime="{}" title="{}"{}>{}</time>').format(iso, _exact(when), way, text)


def ago(when: datetime, now: datetime) -> str:
    """How long ago, or in how long, in a word or two."""
    if abs(now - when) < timedelta(seconds=10):
        return "now"
    told = _age(abs(now - when))
    return f"in {told}" if when > now else f"{told} ago"


def _age(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _bar(parts: Mapping[str, int]) -> Markup:
    """A bar of the groups' shares. Its words are beside it, so it is none for screen readers."""
    total = sum(parts.values())
    drawn, at = [], 0.0
    for group, number in parts.items():
        if number:
            width = 100 * number / total
            drawn.append(
                Markup('<rect class="g-{}" x="{}" width="{}" height="8"/>').format(
                    group, f"{at:.2f}", f"{width:.2f}"
                )
            )
            at += width
    return Markup(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        "{}</svg>"
    ).format(Markup().join(drawn))


def _lines(text: str) -> Sequence[str]:
    return text.splitlines()


def _exact_or_short(when: datetime | None, *, short: bool = False) -> str:
    if when is not None and short:
        return f"{when.astimezone():%m-%d %H:%M}"
    return _exact(when)


def _moment(when: datetime) -> str:
    """As RFC 3339 has it."""
    return when.astimezone(UTC).isoformat()


def _seconds(length: float) -> str:
    return span(timedelta(seconds=length))


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _one_line(value: object) -> object:
    """Text of any origin without what a terminal acts on."""
    if isinstance(value, str) and not isinstance(value, Markup) and not value.isprintable():
        return "".join(
            one if one.isprintable() else one.encode("unicode_escape").decode() for one in value
        )
    return value
