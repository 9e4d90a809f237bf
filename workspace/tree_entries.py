"""What trees hold, as git stores and shows it (gitformat-pack(5), git-diff-tree(1))."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

# Modes, and a name, of what a tree holds.
TREE, SYMLINK, SUBMODULE, MISSING = "040000", "120000", "160000", "000000"
ATTRIBUTES = ".gitattributes"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A path as a tree holds it."""

    path: str
    mode: str  # octal, six digits; "000000": it is not there
    oid: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A path that differs between two trees."""

    path: str
    old: Entry
    new: Entry


def parsed(content: bytes, width: int) -> tuple[Entry, ...]:
    """What the content of a tree says: mode, space, name, NUL, and the id in so many bytes."""
    at, entries = 0, []
    while at < len(content):
        space = content.index(b" ", at)
        end = content.index(b"\0", space)
        entries.append(
            Entry(
                path=content[space + 1 : end].decode(errors="surrogateescape"),
                mode=_mode(int(content[at:space], 8)),
                oid=content[end + 1 : end + 1 + width].hex(),
            )
        )
        at = end + 1 + width
    return tuple(entries)


def _mode(mode: int) -> str:
    """A mode as git shows it: of files, old versions of git kept more than who may run them."""
    if stat.S_ISREG(mode):
        mode = stat.S_IFREG | (0o755 if mode & stat.S_IXUSR else 0o644)
    return f"{mode:06o}"


def differing(old: Iterable[Entry], new: Iterable[Entry]) -> Iterator[tuple[Entry, Entry]]:
    before, after = ({entry.path: entry for entry in entries} for entries in (old, new))
    for name, entry in (before | after).items():
        one, other = before.get(name, _no(entry)), after.get(name, _no(entry))
        if one != other:
            yield one, other


def below(entry: Entry) -> str:
    return entry.oid if entry.mode == TREE else ""


def file_at(entry: Entry, path: str) -> Entry:
    """What is at a path beside the folder that may be there."""
    return replace(_no(entry) if entry.mode == TREE else entry, path=path)


def _no(entry: Entry) -> Entry:
    """That nothing is where an entry is, as git shows it."""
    return replace(entry, mode=MISSING, oid="0" * len(entry.oid))
