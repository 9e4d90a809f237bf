"""Where a gateway listens, and what it refuses: to be reached from elsewhere as it is at home."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from errors import ConfigError, TierError, UsageError
from tiers.gateway.connections import BoundedListener
from tiers.gateway.entrance import Door
from tiers.gateway.neighbours import can_tell
from tiers.gateway.tokens import Tokens

_AT_HOME = frozenset({"127.0.0.1", "localhost", "::1"})
_ADD = "`mission gateway token add reader --expires 30d --all-missions` makes one"


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """What TLS shows, as PEM files."""

    chain: Path  # the certificate, and those between it and its root
    key: Path  # which only its owner and group may read

    def check(self) -> None:
        """See that a server can use both.

        Raises:
            ConfigError: It cannot.
        """
        try:
            if self.key.stat().st_mode & stat.S_IRWXO:
                raise ConfigError(
                    "everybody on this machine may read or change this key",
                    hint=f"chmod o= '{self.key}'",
                    path=str(self.key),
                )
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.chain, self.key)
        except OSError as error:  # ssl's own is one
            raise ConfigError(
                f"no certificate and key for TLS: {error.strerror or error}",
                hint="--tls-certificate and --tls-key name PEM files that belong together",
                path=str(self.chain),
            ) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """An address of this machine, and a port."""

    family: socket.AddressFamily
    address: str
    port: int

    def listen(self) -> BoundedListener:
        """Take the port.

        Raises:
            TierError: Nobody can listen there.
        """
        try:
            return BoundedListener(self.family, (self.address, self.port))
        except OSError as error:
            raise TierError(
                f"the gateway cannot listen on {self.address}:{self.port}: {error.strerror}",
                hint="Name another --port or --host, or end what listens there",
            ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Listening:
    """What a person said about where to listen, and who may come."""

    host: str  # a name or an address of this machine
    port: int
    names: tuple[str, ...] = ()  # by which it may be asked, beside those that follow from `host`
    certificate: Certificate | None = None  # without one, no TLS
    proxied: bool = False  # a proxy that speaks TLS stands in front of it

    def place(self) -> Place:
        """Where that is; nobody listens there yet.

        Raises:
            TierError: The host has no address.
        """
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise TierError(
                f"{self.host} has no address: {error.strerror}", hint="Name another --host"
            ) from error
        family, _, _, _, address = found[0]
        return Place(family=family, address=str(address[0]), port=int(address[1]))

    def door(self, address: str, tokens: Tokens, now: datetime) -> Door:
        """To whom to answer on `address`.

        On loopback who runs it may read, until there is a token. The state of that moment stays: a
        token that expires or is revoked opens nothing.

        Raises:
            UsageError: What is needed to be reached from elsewhere is not there; or a token is, and
                this system does not tell who asks.
            TierError: A token cannot be read.
        """
        at_home = ipaddress.ip_address(address).is_loopback
        if not at_home or self.proxied:
            self._refuse_open(tokens, now)
        names = {name.lower().strip("[]").removesuffix(".") for name in self.names}
        names |= _AT_HOME if at_home else {self.host.lower(), address}
        if not at_home or tokens.names():
            return Door(hosts=frozenset(names), tokens=tokens)
        if not can_tell():
            raise UsageError(
                "Without a token the gateway would answer every user of this machine", hint=_ADD
            )
        return Door(hosts=frozenset(names), own_user=True)

    def _refuse_open(self, tokens: Tokens, now: datetime) -> None:
        if all(token.has_expired(now) for token in tokens.all()):
            raise UsageError(
                f"The gateway does not answer beyond this machine without a token ({self.host})",
                hint=_ADD,
            )
        if self.certificate is None and not self.proxied:
            raise UsageError(
                f"The gateway does not listen on {self.host} without TLS",
                hint="--tls-certificate FILE and --tls-key FILE, or --behind-proxy where a proxy"
                " that speaks TLS is the only one that can reach it",
            )
