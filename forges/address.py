"""The address of a git remote, taken apart: which host, which repository."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

# host:path and user@host:path, as ssh and scp write it. A single letter is a Windows drive.
_SCP = re.compile(r"^(?:[^@/\s]+@)?(?P<host>\[[^\]]+\]|[^:/\s]{2,}):(?P<path>[^\s]+)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a remote is, without any credentials that stood in it."""

    scheme: str  # http or https: how people and the API reach it
    host: str  # with the port, where it is not the usual one
    path: str  # of the repository: owner/name, or group/subgroup/name

    @property
    def root(self) -> str:
        """The forge's address for people."""
        return f"{self.scheme}://{self.host}"


def read_address(url: str) -> Address | None:
    """A remote's address; None when it is no forge's: a folder, a file, the git protocol."""
    url = url.strip()
    if "://" not in url:
        found = _SCP.match(url)
        return _address("https", found["host"], found["path"]) if found else None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    if ":" in host:
        host = f"[{host}]"
    if parts.scheme in ("http", "https"):
        return _address(parts.scheme, f"{host}:{port}" if port else host, parts.path)
    if parts.scheme in ("ssh", "git+ssh"):
        # The port is that of ssh and says nothing about the web address.
        return _address("https", host, parts.path)
    return None


def _address(scheme: str, host: str, path: str) -> Address | None:
    name = unquote(path).strip("/").removesuffix(".git").rstrip("/")
    parts = name.split("/")
    if len(parts) < 2 or any(part in ("", ".", "..") for part in parts):
        return None
    return Address(scheme=scheme, host=host.lower(), path=name)
