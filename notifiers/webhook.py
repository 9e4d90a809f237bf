"""A POST of JSON, signed as Standard Webhooks 1.0 say (standardwebhooks.com, "Signature scheme").

The signature covers id, time and body: a receiver that looks at the time takes no old message for a
new one. Redirects are not followed: the message goes to the host that the address names.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Final, Literal
from urllib.parse import urlsplit

import httpx

from errors import NotifyError
from forges.credentials import is_here
from notifiers.protocol import Outgoing
from notifiers.secrets_read import SecretSource

_PREFIX: Final = "whsec_"
_SHORTEST_KEY: Final = 24  # bytes, as Standard Webhooks 1.0 have it
_SLACK: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_LONGEST_TEXT: Final = 3_500  # characters that such services show


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """A receiver that takes JSON."""

    address: SecretSource
    secret: SecretSource
    shape: Literal["json", "slack"]
    timeout: timedelta  # for one try as a whole
    allow_http: bool = False  # to another machine

    def tell(self, message: Outgoing) -> None:
        url = self._url()
        body = json.dumps(self._shaped(message), ensure_ascii=False).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json", "User-Agent": "mission-runner"}
        secret = self.secret.read()
        if secret is not None:
            headers |= signed(key_of(secret), message.id, int(message.at.timestamp()), body)
        host = urlsplit(url).hostname or ""
        try:
            status = asyncio.run(_post(url, headers, body, self.timeout.total_seconds()))
        except TimeoutError as error:
            seconds = self.timeout.total_seconds()
            raise NotifyError(f"{host} gave no answer within {seconds:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, ValueError) as error:
            # Not the error's own words: they may repeat the address.
            raise NotifyError(f"{host} cannot be reached ({type(error).__name__})") from error
        if not 200 <= status < 300:
            raise NotifyError(f"{host} answers {status}", hint=_HINTS.get(status, ""))

    def _url(self) -> str:
        url = self.address.needed()
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NotifyError("the address is none that begins with https://")
        if parts.scheme == "http" and not (self.allow_http or is_here(parts.hostname)):
            raise NotifyError(
                f"{parts.hostname} would be told without encryption",
                hint="Use https, or set allow_http where the way there is safe",
            )
        return url

    def _shaped(self, message: Outgoing) -> Mapping[str, object]:
        if self.shape == "json":
            return message.data()
        text = f"{message.words.title}\n{message.words.text}"
        return {"text": text[:_LONGEST_TEXT].translate(_SLACK)}


_HINTS: Final = {
    401: "Its secret is not the one that the receiver knows",
    403: "Its secret is not the one that the receiver knows",
    404: "Look at its address",
    410: "Look at its address: the receiver is gone for good",
}


def signed(key: bytes, id_: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a message.

    Args:
        timestamp: Seconds since the epoch.
    """
    content = f"{id_}.{timestamp}.".encode() + body
    digest = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{digest}",
    }


def key_of(secret: str) -> bytes:
    """The key that a secret stands for: base64 behind `whsec_`, else its bytes as they are.

    Raises:
        NotifyError: It is no base64, or a key so short that it might be guessed.
    """
    if secret.startswith(_PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except ValueError:  # not the error itself: it holds the secret
            raise NotifyError(f"what follows {_PREFIX} in the secret is no base64") from None
    else:
        key = secret.encode("utf-8", "surrogateescape")
    if len(key) < _SHORTEST_KEY:
        raise NotifyError(
            f"its secret makes a key of {len(key)} bytes, and {_SHORTEST_KEY} are the least",
            hint="Make one: openssl rand -base64 32, with whsec_ before it",
        )
    return key


@cache
def _tls() -> ssl.SSLContext:
    """Reading the machine's certificates takes longer than a request."""
    return httpx.create_ssl_context()


async def _post(url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> int:
    """The status of the answer. Its body is not read: it may never end, and the message is told.
    Only a loop ends a server that sends a byte a second."""
    async with (
        asyncio.timeout(seconds),
        httpx.AsyncClient(verify=_tls(), timeout=seconds, follow_redirects=False) as client,
        client.stream("POST", url, headers=dict(headers), content=body) as response,
    ):
        return response.status_code
