"""A machine's proxies, and the services on this machine."""

from __future__ import annotations

from collections.abc import MutableMapping

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "WS_PROXY", "WSS_PROXY")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def spare_loopback(environ: MutableMapping[str, str]) -> None:
    """Let no proxy stand between us, or a child of ours, and what listens on this machine: a proxy
    elsewhere would look for it on itself.

    Programs read `NO_PROXY` in small letters or in capitals, so both are set, to the same.
    """
    if not any(environ.get(name) or environ.get(name.lower()) for name in _PROXIES):
        return
    spared = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    names = [name for part in spared.split(",") if (name := part.strip())]
    if "*" not in names:
        names += [name for name in _LOOPBACK if name not in names]
    environ["no_proxy"] = environ["NO_PROXY"] = ",".join(names)
