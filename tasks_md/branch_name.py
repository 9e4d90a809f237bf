"""Git's own rules for branch names, without git (`git check-ref-format --branch`)."""

from __future__ import annotations

import re

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]")
_MOST = 200  # bytes; a branch is a file somewhere


def branch_problem(name: str) -> str | None:
    """Why git would refuse this branch name; None if it would not."""
    found = _FORBIDDEN.search(name)
    if found:
        return f"{found.group()!r} cannot be in it"
    problems = {
        "it is empty": not name,
        "it starts with -": name.startswith("-"),
        "'..' cannot be in it": ".." in name,
        "'@{' cannot be in it": "@{" in name,
        "it cannot be @ or HEAD": name in {"@", "HEAD"},
        "it ends with a dot": name.endswith("."),
        "a part of it is empty": any(not part for part in name.split("/")),
        "a part of it starts with a dot": any(part.startswith(".") for part in name.split("/")),
        "a part of it ends with .lock": any(part.endswith(".lock") for part in name.split("/")),
        "it is too long": len(name.encode("utf-8", "surrogateescape")) > _MOST,
    }
    return next((problem for problem, applies in problems.items() if applies), None)
