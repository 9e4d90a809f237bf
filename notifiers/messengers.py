"""Services that Apprise knows. It is imported when the first message goes out: it takes a while."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from errors import NotifyError
from notifiers.protocol import Outgoing
from notifiers.secrets_read import SecretSource


@dataclass(frozen=True, kw_only=True, slots=True)
class Messenger:
    """A receiver by an address of Apprise's."""

    address: SecretSource
    schemes: frozenset[str]  # what the address may begin with, in small letters
    timeout: timedelta  # for each step of one try

    def tell(self, message: Outgoing) -> None:
        # Here, and not above: 0.3 s and many modules, for who never sends anything.
        import apprise  # noqa: PLC0415
        from apprise.common import PersistentStoreMode  # noqa: PLC0415

        address = self.address.needed()
        scheme, colon, _ = address.partition("://")
        if not colon or scheme.lower() not in self.schemes:
            # Not the scheme itself: it may be the beginning of a token.
            allowed = ", ".join(sorted(self.schemes))
            raise NotifyError(f"the address begins with none of schemes: {allowed}")
        # Nothing is kept on the disk, no code is loaded, and no text is taken for anything else.
        asset = apprise.AppriseAsset(
            storage_mode=PersistentStoreMode.MEMORY,
            async_mode=False,
            secure_logging=True,
            interpret_escapes=False,
        )
        service = apprise.Apprise.instantiate(address, asset=asset)
        if service is None:
            raise NotifyError("Apprise does not understand the address", hint=_LOOK)
        if len(service) > 1:  # Apprise does not tell which of them have it, and all would again
            raise NotifyError(
                f"the address names {len(service)} targets, and a message is repeated for all",
                hint="Give each a receiver of its own, below `notify.to` in mission.yaml",
            )
        service.redirects = False  # the message goes to the host that the address names
        service.socket_connect_timeout = self.timeout.total_seconds()
        service.socket_read_timeout = self.timeout.total_seconds()
        with _heard() as said:
            done = apprise.Apprise(servers=service, asset=asset).notify(
                title=message.words.title,
                body=message.words.text,
                body_format=apprise.NotifyFormat.TEXT,
            )
        if not done:
            why = " ".join(" ".join(said).split())[:200]
            raise NotifyError(f"{scheme.lower()}: {why or 'it was not delivered'}")


class _Said(logging.Handler):
    """Keeps what Apprise warns of on one thread: it says no more than whether it was delivered."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.lines.append(record.getMessage())


@contextmanager
def _heard() -> Iterator[list[str]]:
    log, said = logging.getLogger("apprise"), _Said()
    log.addHandler(said)
    try:
        yield said.lines
    finally:
        log.removeHandler(said)


_LOOK = "Its pages say how addresses are written: https://appriseit.com"
