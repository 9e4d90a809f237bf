"""Where a password may go: whoever names the server must be one who may have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tiers.settings.address import LOOPBACK, Tls, ValkeyAddress
from tiers.settings.environment import variable
from tiers.settings.layers import Layer

_PLACES = ("url", "url_file", "host")
_PASSWORDS = ("password", "password_file")

Section = Literal["storage", "queue"]


def located_by_file(layers: Sequence[Layer], section: Section) -> bool:
    """Whether it is a file that names the server, over which the environment says nothing.

    Raises:
        ConfigError: The environment has a password beside it. That is for a server that the
            environment names, or for the usual one on this machine.
    """
    found = False
    for layer in layers:
        given = getattr(layer.settings, section).model_fields_set
        place = next((key for key in _PLACES if key in given), None)
        if place is not None:
            found = layer.document is not None
        password = next((key for key in _PASSWORDS if key in given), None)
        if password is not None and layer.document is None and found:
            raise layer.error(
                (section, password),
                "is for no server that a file names",
                hint=f"Name the server in {variable((section, 'host'))} too",
            )
    return found


def refuse_in_clear(layers: Sequence[Layer], valkey: ValkeyAddress) -> None:
    """A Valkey server is sent its password as it is: to another machine over TLS alone.

    Raises:
        ConfigError: A file says otherwise.
    """
    far = valkey.host not in LOOPBACK
    if far and valkey.password is not None and valkey.tls is Tls.DISABLE:
        raise layers[0].error(
            ("queue", "tls"),
            "a password would go to another machine in clear",
            hint="Use valkeys:// in the URL, or set queue.tls to verify-full",
        )
