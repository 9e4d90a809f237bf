"""Packages of somebody else's, installed into a folder: what importlib reads, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def install(folder: Path, package: str, source: str, entries: Mapping[str, str]) -> Path:
    """A package of one module, which is called as it is.

    Args:
        entries: `group:name` to what of the module it leads to; another module's where it holds a
            colon.

    Returns the folder, which has to be on the path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{package}.py").write_text(source, encoding="utf-8")
    facts = folder / f"{package}-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package.replace('_', '-')}\nVersion: 1.0\n"
    )
    text = ""
    for key, value in entries.items():
        group, _, name = key.partition(":")
        place = value if ":" in value else f"{package}:{value}"
        text += f"[mission_runner.{group}]\n{name} = {place}\n"
    (facts / "entry_points.txt").write_text(text, encoding="utf-8")
    return folder
