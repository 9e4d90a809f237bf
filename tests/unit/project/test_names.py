"""What pages, comments and texts in the code call by a name of ours is there by that name."""

from __future__ import annotations

import importlib
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import mission_command

ROOT = Path(__file__).parents[3]
FOLDERS = (*mission_command.PACKAGES, "bench", "docs", "tests")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]

# `agents.tool.run_tool` in code marks, or as a whole text, as `monkeypatch.setattr` takes it.
_DOTTED = re.compile(rf"[`\"]((?:{'|'.join(mission_command.PACKAGES)})(?:\.\w+)+)[`\"]")
_PATH = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`")
# Keys of mission.yaml and files begin like packages of ours; pages have examples of other people.
_OTHERS = re.compile(
    r"\.(yaml|json|yml|md|conf|txt|sock|py|png|invalid)$|^agents\.(codex|haiku|NAME)\b"
)
_EXAMPLES = {"docs/api.md", "docs/federation/", "agents/acme.py"}


@cache
def _resolves(name: str) -> bool:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def _texts(source: str) -> Iterator[str]:
    """The comments and strings of a module."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING):
            yield token.string


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    paths = set(_PATH.findall(text)) - _EXAMPLES
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
    names = {name for name in _DOTTED.findall(text) if not _OTHERS.search(name)}
    assert [name for name in sorted(names) if not _resolves(name)] == []


@pytest.mark.parametrize("package", [*mission_command.PACKAGES, "tests"])
def test_what_the_code_names_in_words_is_there(package: str) -> None:
    wrong = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in sorted((ROOT / package).rglob("*.py"))
        for text in _texts(file.read_text(encoding="utf-8"))
        for name in _DOTTED.findall(text)
        if not _OTHERS.search(name) and not _resolves(name)
    ]
    assert wrong == []
