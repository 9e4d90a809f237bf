"""What trees hold, as git stores and shows it (gitformat-pack(5), git-diff-tree(1))."""

from __future__ import annotations

import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

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
    """A mode as git takes it, whatever else whoever made the tree has put there: of a file only
    whether its owner may run it; what is no file, link or folder is a submodule."""
    if stat.S_ISREG(mode):
        return "100755" if mode & stat.S_IXUSR else "100644"
    if stat.S_ISLNK(mode):
        return SYMLINK
    return TREE if stat.S_ISDIR(mode) else SUBMODULE


def differing(old: Sequence[Entry], new: Sequence[Entry]) -> Iterator[tuple[Entry, Entry]]:
    """The entries that differ, by their names.

    Git finds nothing where entries are out of its order, so there each is removed and made anew. A
    tree may also hold a name twice: one command takes the first, and another the last, so both
    count.
    """
    if old == new:
        return
    if not (_is_in_order(old) and _is_in_order(new)):
        yield from ((one, _no(one)) for one in old)
        yield from ((_no(other), other) for other in new)
        return
    before, after = _by_name(old), _by_name(new)
    for name in before | after:
        for one, other in zip_longest(before.get(name, ()), after.get(name, ())):
            if one != other:
                yield one or _no(other), other or _no(one)


def _is_in_order(entries: Sequence[Entry]) -> bool:
    """Whether they are in git's order: as if the name of each folder ended with a slash."""
    names = (f"{entry.path}/" if entry.mode == TREE else entry.path for entry in entries)
    keys = [name.encode(errors="surrogateescape") for name in names]
    return keys == sorted(keys)


def _by_name(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    found: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.path].append(entry)
    return dict(found)


def below(entry: Entry) -> str:
    return entry.oid if entry.mode == TREE else ""


def file_at(entry: Entry, path: str) -> Entry:
    """What is at a path beside the folder that may be there."""
    return replace(_no(entry) if entry.mode == TREE else entry, path=path)


def _no(entry: Entry) -> Entry:
    """That nothing is where an entry is, as git shows it."""
    return replace(entry, mode=MISSING, oid="0" * len(entry.oid))
