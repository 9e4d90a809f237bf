"""`Containerfile`, without an engine: what it copies is there, and its lines are instructions."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[3]
_KNOWN = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "ENTRYPOINT", "CMD"}


def _instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    whole = plain.replace("\\\n", " ").splitlines()
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in whole if line]


def test_the_image_is_made_of_what_is_here() -> None:
    told = _instructions()
    assert {name for name, _ in told} == _KNOWN
    pinned = {rest.split()[0] for name, rest in told if name == "FROM"}
    compose = (ROOT / "docker-compose.federated.yml").read_text(encoding="utf-8")
    (image,) = pinned
    assert re.fullmatch(r"python@sha256:[0-9a-f]{64}", image)
    assert f"FROM {image}" in compose  # looked at once for both
    for name, rest in told:
        words = shlex.split(rest)
        if name == "COPY" and not rest.startswith("--from"):
            assert [word for word in words[:-1] if not (ROOT / word).exists()] == []
        if name in ("ENTRYPOINT", "CMD"):
            assert json.loads(rest)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert {".git", ".venv", "build"} <= set(ignored)


def test_the_image_runs_as_nobody_special_and_has_what_the_runner_starts() -> None:
    told = _instructions()
    assert [rest for name, rest in told if name == "USER"] == ["mission"]
    assert told.index(("USER", "mission")) > max(
        at for at, (name, _) in enumerate(told) if name == "RUN"
    )
    installed = " ".join(rest for name, rest in told if name == "RUN")
    assert all(f" {program}" in installed for program in ("git", "make", "bash", "bubblewrap"))
    assert "--require-hashes --requirement /tmp/requirements.lock" in installed
