"""Taking secrets out of whatever is logged, journalled or shown."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Self
from urllib.parse import quote, unquote

HIDDEN = "[secret]"
# A shorter value would be found everywhere in ordinary text.
_SHORTEST = 6
_SHORTEST_LINE = 16
_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|_KEY$|_PAT$|_DSN$",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"://[^\s/@:]*:([^\s/@]+)@")
# Words that such variables hold without being secret.
_HARMLESS = re.compile(r"true|false|none|null|yes|no|on|off|auto|\d{1,8}", re.IGNORECASE)
# Each shape with a text that every match of it holds: looking for that first makes long lines
# cheap. None of them can match a quote or a backslash, so that JSON stays JSON. What one has read
# once it does not read again from a later start, whether it was a secret or not: lines are long.
_SHAPES: tuple[tuple[bytes, re.Pattern[bytes]], ...] = (
    (b"://", re.compile(rb"(?<=://)[^\s/@:\"'\\<>]*:[^\s/@\"'\\<>]+(?=@)")),
    (b"://", re.compile(rb"(?<=https://)[^\s/@:\"'\\<>]{6,}(?=@)")),
    (b"gh", re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{20,}")),
    (b"github_pat_", re.compile(rb"\bgithub_pat_[A-Za-z0-9_]{20,}")),
    (b"glpat-", re.compile(rb"\bglpat-[A-Za-z0-9_.\-]{16,}")),
    (b"sk-", re.compile(rb"\bsk-[A-Za-z0-9_\-]{20,}")),
    (b"xox", re.compile(rb"\bxox[abeprs]-[A-Za-z0-9\-]{10,}")),
    (b"AKIA", re.compile(rb"\bAKIA[0-9A-Z]{16}\b")),
    (b"AIza", re.compile(rb"\bAIza[A-Za-z0-9_\-]{35}")),
    (b"npm_", re.compile(rb"\bnpm_[A-Za-z0-9]{36}")),
    (b"pypi-", re.compile(rb"\bpypi-[A-Za-z0-9_\-]{40,}")),
    (
        b"eyJ",
        re.compile(rb"\beyJ[A-Za-z0-9_\-]{8,}+(?P<rest>\.[A-Za-z0-9_\-]{8,}+\.[A-Za-z0-9_\-]*+)?"),
    ),
    (b"earer ", re.compile(rb"(?<=[Bb]earer )[A-Za-z0-9_.~+/=\-]{12,}")),
    (b"PRIVATE KEY", re.compile(rb"(?<=PRIVATE KEY-----)[A-Za-z0-9+/=\s\\]+(?=-----END)")),
)


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is printed, within JSON, within an address, and line by line."""
    if len(secret) < _SHORTEST:
        return
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield quote(secret, safe="", errors="surrogateescape")
    yield from (line for line in secret.splitlines() if len(line) >= _SHORTEST_LINE)


def _hide(found: re.Match[bytes]) -> bytes:
    """What stands for a match: itself if it only began as a secret does."""
    return found[0] if found.re.groups and found["rest"] is None else HIDDEN.encode()


class Redactor:
    """Replaces known secrets, and what has the shape of one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {form for secret in secrets for form in _forms(secret)}
        # The longest first: one secret may hold another.
        self._secrets = [
            secret.encode(errors="surrogateescape")
            for secret in sorted(known, key=lambda secret: (-len(secret), secret))
        ]

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Self:
        """With the values of variables (default: ours) whose names speak of secrets, and the
        passwords in addresses that any of them hold."""
        environ = os.environ if environ is None else environ
        named = (value for name, value in environ.items() if _SECRET_NAME.search(name))
        # The password of an address is a secret by itself too, unless it is a mere word.
        inside = (found[1] for value in environ.values() for found in _PASSWORD.finditer(value))
        plain = (password for one in inside if not (password := unquote(one)).isalpha())
        return cls(value for value in (*named, *plain) if not _HARMLESS.fullmatch(value))

    def line(self, line: bytes) -> bytes:
        """A line, or any bytes, without secrets."""
        hidden = HIDDEN.encode()
        for secret in self._secrets:
            if secret in line:
                line = line.replace(secret, hidden)
        for anchor, shape in _SHAPES:
            if anchor in line:
                line = shape.sub(_hide, line)
        return line

    def finds(self, data: bytes) -> bool:
        """Whether a secret that is known by its value is in there. Short ones do not count: as
        `postgres` does, they stand in ordinary text."""
        return any(secret in data for secret in self._secrets if len(secret) >= _SHORTEST_LINE)

    def text(self, text: str) -> str:
        """A text without secrets."""
        try:
            raw, errors = text.encode(errors="surrogateescape"), "surrogateescape"
        except UnicodeEncodeError:  # a lone surrogate, as JSON of an agent may hold
            raw, errors = text.encode(errors="surrogatepass"), "surrogatepass"
        return self.line(raw).decode(errors=errors)
