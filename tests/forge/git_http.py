"""Git's smart HTTP protocol through `git http-backend`, as a CGI program."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class GitAnswer:
    """What the backend answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def serve(
    root: Path, *, method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> GitAnswer:
    """Answer one request for a repository below `root`. The caller has checked who asks."""
    done = subprocess.run(
        ["git", "http-backend"],
        input=body,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(root),
            "GIT_PROJECT_ROOT": str(root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
            "GIT_PROTOCOL": headers.get("git-protocol", ""),
            "REMOTE_USER": "runner",
            "REMOTE_ADDR": "127.0.0.1",
        },
        capture_output=True,
        check=True,
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    status, answered = 200, []
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(": ")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            answered.append((name, value))
    return GitAnswer(status=status, headers=answered, body=content)
