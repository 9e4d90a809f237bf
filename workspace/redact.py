"""Taking secrets out of whatever is logged, journalled or shown."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Self
from urllib.parse import quote, unquote

from workspace.secret_shapes import hide_shapes

HIDDEN = "[secret]"
# A shorter value would be found everywhere in ordinary text.
_SHORTEST = 6
_SHORTEST_LINE = 16
_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|_KEY$|_PAT$|_DSN$"
    r"|_PASS$|^SSHPASS$|_PWD$|_AUTH$|AUTH_?STRING|AUTH_?CONFIG|WEBHOOK|_COOKIE$",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"://[^\s/@:]*:([^\s/@]+)@")
# Words that such variables hold without being secret.
_HARMLESS = re.compile(r"true|false|none|null|yes|no|on|off|auto|basic|\d{1,8}", re.IGNORECASE)


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is printed, within JSON, within an address, and line by line."""
    if len(secret) < _SHORTEST:
        return
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield quote(secret, safe="", errors="surrogateescape")
    yield from (line for line in secret.splitlines() if len(line) >= _SHORTEST_LINE)


_registered: set[str] = set()


def register_secret(secret: str) -> None:
    """Let every redactor of this process know a secret that was read from a file or a program.

    Ordinary words are left out, as they are in `Redactor.from_environment`.
    """
    word = secret.isalpha() and len(secret) < _SHORTEST_LINE
    if not word and not _HARMLESS.fullmatch(secret):
        _registered.update(_forms(secret))


def _basic(login: str) -> Iterator[str]:
    """What `user:password` is seen as, too: the password alone, and as HTTP's Basic sends it."""
    yield login.partition(":")[2]
    yield base64.b64encode(login.encode(errors="surrogateescape")).decode()


class Redactor:
    """Replaces known secrets, and what has the shape of one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._own = frozenset(form for secret in secrets for form in _forms(secret))
        self._all: tuple[bytes, ...] = ()
        self._registered = -1  # how many were when `_all` was made

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Self:
        """With the values of variables (default: ours) whose names speak of secrets, and the
        passwords in addresses that any of them hold."""
        environ = os.environ if environ is None else environ
        named = (value for name, value in environ.items() if _SECRET_NAME.search(name))
        # The password of an address is a secret by itself too, unless it is a mere word.
        inside = (found[1] for value in environ.values() for found in _PASSWORD.finditer(value))
        plain = (password for one in inside if not (password := unquote(one)).isalpha())
        logins = (value for name, value in environ.items() if name.endswith("AUTH_STRING"))
        sent = (form for login in logins for form in _basic(login))
        return cls(value for value in (*named, *plain, *sent) if not _HARMLESS.fullmatch(value))

    @property
    def _secrets(self) -> tuple[bytes, ...]:
        """The longest first: one secret may hold another."""
        if self._registered != len(_registered):
            registered = frozenset(_registered.copy())
            self._all = tuple(
                secret.encode(errors="surrogateescape")
                for secret in sorted(self._own | registered, key=lambda one: (-len(one), one))
            )
            self._registered = len(registered)
        return self._all

    def line(self, line: bytes) -> bytes:
        """A line, or any bytes, without secrets."""
        hidden = HIDDEN.encode()
        for secret in self._secrets:
            if secret in line:
                line = line.replace(secret, hidden)
        return hide_shapes(line, hidden)

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
