"""Who commits: names that work on a machine where git knows nobody."""

from __future__ import annotations

import re
import time

RUNNER = "mission-runner <mission-runner@localhost>"
_ADDRESS = "mission-runner@localhost"
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f<>]+")


def identity_environment(author: str, committer: str) -> dict[str, str]:
    """The variables that tell git who wrote and who committed: "name" or "name <address>"."""
    author_name, author_address = _parts(author)
    committer_name, committer_address = _parts(committer)
    return {
        "GIT_AUTHOR_NAME": author_name,
        "GIT_AUTHOR_EMAIL": author_address,
        "GIT_COMMITTER_NAME": committer_name,
        "GIT_COMMITTER_EMAIL": committer_address,
    }


def identity_now(identity: str) -> str:
    """Who does something, as a commit says it that is made now."""
    name, address = _parts(identity)
    return f"{name} <{address}> {int(time.time())} {time.strftime('%z')}"


def _parts(identity: str) -> tuple[str, str]:
    """Name and address, without what git forbids in them."""
    text = identity.rstrip()
    name, opening, address = text.removesuffix(">").rpartition("<")
    if not (opening and text.endswith(">")) or ">" in address:
        name, address = identity, ""
    return (
        _FORBIDDEN.sub(" ", name).strip(" .,:;\"'\\") or "mission-runner",
        _FORBIDDEN.sub("", address).strip() or _ADDRESS,
    )
