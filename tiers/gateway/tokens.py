"""Who may read: tokens, of which only digests are kept, each in a file of its own.

A token is `mgw.NAME.SECRET`. Its secret has 256 random bits, so nobody finds it from its SHA-256.
Its name leads to its file: an answer costs one small file, however many tokens there are, and a
token that is revoked is refused from the next request on.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from errors import TierError, UsageError
from mission.place import mission_home
from mission.private import private_folder, put_private, read_private

_PREFIX = "mgw"
_SECRET_BYTES = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
_LONGEST_LIFE = timedelta(days=3650)
_LONGEST_TEXT = 200  # characters of a token; what is longer is none of ours


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Somebody who asks, as far as we know them."""

    missions: tuple[str, ...] | None = None  # identifiers of those it may read; None is all

    def may_read(self, mission: str | None) -> bool:
        """Whether rows of a mission are its business. Rows of none are for those who read all."""
        return self.missions is None or mission in self.missions


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """What is kept of a token."""

    name: str  # who or what has it
    digest: str  # SHA-256 of its secret, in hexadecimal
    made: datetime
    expires: datetime
    missions: tuple[str, ...] | None  # as in `Reader`

    def has_expired(self, now: datetime) -> bool:
        """Whether it is good no longer."""
        return now >= self.expires


class Tokens:
    """The tokens in a folder."""

    def __init__(self, folder: Path | None = None) -> None:
        """Those in `folder`; without one, in this user's own."""
        self._folder = folder or mission_home() / "gateway" / "tokens"

    def add(
        self, name: str, *, lasting: timedelta, missions: tuple[str, ...] | None, now: datetime
    ) -> str:
        """Make one; the token itself, which is not to be had again.

        Raises:
            UsageError: The name or the duration will not do, or there is one of that name.
            OSError: It cannot be written.
        """
        _check_name(name)
        if not timedelta() < lasting <= _LONGEST_LIFE:
            raise UsageError(
                f"Token {name} needs an end, within {_LONGEST_LIFE.days} days",
                hint="--expires 30d, say",
            )
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        token = Token(
            name=name, digest=_digest(secret), made=now, expires=now + lasting, missions=missions
        )
        private_folder(self._folder)
        text = json.dumps(_as_document(token), indent=2) + "\n"
        put_private(self._file(name), text, replace=False)
        kept = self._read(name)
        if kept is None or kept.digest != token.digest:
            raise UsageError(
                f"There is a token {name} already",
                hint=f"`mission gateway token revoke {name}` ends it; or name this one otherwise",
            )
        return f"{_PREFIX}.{name}.{secret}"

    def revoke(self, name: str) -> None:
        """End one; gateways that run refuse it from their next request on.

        Raises:
            UsageError: There is none of that name.
        """
        _check_name(name)
        try:
            self._file(name).unlink()
        except FileNotFoundError:
            raise UsageError(
                f"There is no token {name}", hint="`mission gateway token list` names them"
            ) from None

    def all(self) -> list[Token]:
        """All that there are, by name, expired ones too.

        Raises:
            TierError: A file there is none of ours, or others can write to it.
        """
        return [self._sound(name) for name in self.names()]

    def names(self) -> list[str]:
        """The names of all files of tokens, of those too that cannot be read."""
        if not self._folder.is_dir():
            return []
        return sorted(path.stem for path in self._folder.glob("*.json") if _is_name(path.stem))

    def reader(self, text: str, now: datetime) -> Reader | None:
        """Who has this token; None as in `token`.

        Raises:
            OSError: Its file is there and cannot be read.
        """
        token = self.token(text, now)
        return None if token is None else Reader(missions=token.missions)

    def token(self, text: str, now: datetime) -> Token | None:
        """The token that this is; None for no token, and for one that is wrong, expired or revoked.

        Raises:
            OSError: Its file is there and cannot be read.
        """
        prefix, _, rest = text[:_LONGEST_TEXT].partition(".")
        name, _, secret = rest.partition(".")
        token = self.named(name, now) if prefix == _PREFIX else None
        if token is None or not hmac.compare_digest(_digest(secret), token.digest):
            return None
        return token

    def named(self, name: str, now: datetime) -> Token | None:
        """The token of that name, for whoever has proven otherwise that they know it; None where
        there is none that is good.

        Raises:
            OSError: Its file is there and cannot be read.
        """
        token = self._read(name) if _is_name(name) else None
        return None if token is None or token.has_expired(now) else token

    def _sound(self, name: str) -> Token:
        token = self._read(name)
        if token is None:
            raise TierError(
                f"{self._file(name)} is no token, or not this user's alone",
                hint=f"`mission gateway token revoke {name}` removes it",
            )
        return token

    def _read(self, name: str) -> Token | None:
        text = read_private(self._file(name))
        return _from_document(name, text) if text is not None else None

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def _check_name(text: str) -> None:
    if not _is_name(text):
        raise UsageError(
            f"{text!r} is no name of a token",
            hint="Small letters, digits, _ and -, beginning with a letter or a digit",
        )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _as_document(token: Token) -> dict[str, Any]:
    return {
        "digest": token.digest,
        "made": token.made.isoformat(),
        "expires": token.expires.isoformat(),
        "missions": token.missions,
    }


def _from_document(name: str, text: str) -> Token | None:
    """The token that a file holds; None where anything about it is not as we write it."""
    try:
        found = json.loads(text)
        missions = found["missions"]
        if missions is not None:
            missions = tuple(str(one) for one in missions)
        made, expires = (datetime.fromisoformat(found[key]) for key in ("made", "expires"))
        if made.tzinfo is None or expires.tzinfo is None or not isinstance(found["digest"], str):
            return None
        return Token(
            name=name, digest=found["digest"], made=made, expires=expires, missions=missions
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
