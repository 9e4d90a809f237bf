"""Options of commands that listen: the host names that count, and TLS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from errors import UsageError

if TYPE_CHECKING:
    from tiers.gateway.listening import Certificate  # brings the whole gateway

HostNamesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--name",
        metavar="NAME",
        help="A host name by which it may be asked, beside HOST; for several, again.",
    ),
]
CertificateOption = Annotated[
    Path | None,
    typer.Option("--tls-certificate", metavar="FILE", help="Speak TLS with it: PEM, a chain."),
]
KeyOption = Annotated[
    Path | None, typer.Option("--tls-key", metavar="FILE", help="The certificate's key: PEM.")
]


def certificate_of(chain: Path | None, key: Path | None) -> Certificate | None:
    """What TLS is to show; None: no TLS.

    Raises:
        UsageError: One of the two files is missing.
    """
    if chain is None and key is None:
        return None
    if chain is None or key is None:
        raise UsageError("TLS needs both --tls-certificate and --tls-key")
    from tiers.gateway.listening import Certificate  # noqa: PLC0415 - takes half a second

    return Certificate(chain=chain, key=key)
