"""What stands in the way of moving a checkout from one commit to another."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from workspace.git import Git
from workspace.tree_entries import MISSING, SUBMODULE, SYMLINK, Change, Entry

_UNMERGED = "unmerged"  # in place of an object id: the index holds several


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A move of a checkout's files."""

    old: str  # the commit that they are at
    new: str  # the commit that they shall be at


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """What was found in a checkout before it moves."""

    blocked: tuple[str, ...]  # hold a person's work, and would be overwritten
    kept: tuple[str, ...]  # stay as they are, although their committed text changes
    moving: bool  # whether files move: not all that changes is adopted
    adopted: tuple[Entry, ...]  # as the new commit has them: the index is told to take them as such


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What git says of a checkout (git-status(1))."""

    branch: str  # by its name; "(detached)": none
    head: str  # the commit
    edited: Mapping[str, str]  # paths that differ from it, in file or index; the index's object id

    @classmethod
    def of(cls, checkout: Git) -> Standing:
        """Ask git. It looks at the content of files that may only have been touched."""
        facts: dict[str, str] = {}
        edited: dict[str, str] = {}
        for line in checkout.run(
            "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=no", "--no-renames",
            "--ignore-submodules=dirty", "--no-ahead-behind",
        ).fields:  # fmt: skip
            kind, _, rest = line.partition(" ")
            if kind == "#":
                name, _, value = rest.partition(" ")
                facts[name] = value
            elif kind == "u":
                edited[rest.split(" ", 9)[9]] = _UNMERGED
            else:  # XY sub mH mI mW hH hI path
                state, _, _, in_index, _, _, oid, path = rest.split(" ", 7)
                # What a submodule's folder is at is no edit of ours to keep.
                if in_index != SUBMODULE or not state.startswith("."):
                    edited[path] = oid
        return cls(
            branch=facts.get("branch.head", ""),
            head=facts.get("branch.oid", ""),
            edited=edited,
        )


def edited_since(checkout: Git, commit: str) -> Mapping[str, str]:
    """The paths whose file or index entry differs from a commit that HEAD need not be at; the
    index's object id of each."""
    # Some may only have been touched. This fails where somebody holds the index; then their
    # content decides.
    checkout.run("update-index", "-q", "--refresh", check=False)
    return _edited(checkout, commit)


def survey(
    checkout: Git,
    step: Step,
    edited: Mapping[str, str],
    keep: Collection[str],
    settled: Collection[str] = (),
) -> Survey:
    """Compare every path that the step changes with what the checkout has there.

    Args:
        checkout: Where the step is to be made.
        step: From which commit to which.
        edited: The paths that differ from the commit that the files are at.
        keep: Paths that stay as they are where they were edited.
        settled: Those of `keep` that stay even where they were not.
    """
    changes = _changes(checkout, step)
    removed = {path for path, change in changes.items() if change.new.mode == MISSING}
    blocked = [path for path, oid in edited.items() if oid == _UNMERGED]
    kept: list[str] = []
    adopted: list[Entry] = []
    for path, change in changes.items():
        stays = path in settled and os.path.lexists(checkout.folder / path)
        in_the_way = [path] if stays or path in edited else []
        if change.old.mode == MISSING and not in_the_way:
            in_the_way = list(_untracked_at(checkout.folder, path, removed))
        if not in_the_way:
            continue
        if path in keep:
            kept.append(path)
            adopted.append(change.new)
        elif in_the_way == [path] and _is_there(checkout, change, edited.get(path)):
            adopted.append(change.new)
        else:
            blocked.extend(in_the_way)
    return Survey(
        blocked=tuple(dict.fromkeys(blocked)),
        kept=tuple(kept),
        adopted=tuple(adopted),
        moving=len(adopted) < len(changes),
    )


def _changes(checkout: Git, step: Step) -> dict[str, Change]:
    with checkout.objects() as store:
        found = store.changes(checkout.tree(step.old), checkout.tree(step.new))
    return {change.path: change for change in found}


def _edited(checkout: Git, commit: str) -> dict[str, str]:
    edited: dict[str, str] = {}
    for args in (
        ("diff-files", "--ignore-submodules=all"),
        ("diff-index", "--cached", "--ignore-submodules=dirty", commit),
    ):
        fields = iter(checkout.run(*args, "-z", "--raw", "--no-renames").fields)
        for facts in fields:
            _, _, first, second, kind = facts.removeprefix(":").split(" ")
            # diff-files has the index on its left, diff-index --cached on its right.
            oid = first if args[0] == "diff-files" else second
            edited.setdefault(next(fields), _UNMERGED if kind == "U" else oid)
    return edited


def _untracked_at(top: Path, path: str, removed: Collection[str]) -> Iterator[str]:
    """What is at the place of a new file and belongs to no commit."""
    for parent in reversed(PurePosixPath(path).parents[:-1]):
        place = top / parent
        if (place.is_symlink() or not place.is_dir()) and os.path.lexists(place):
            if str(parent) not in removed:
                yield str(parent)
            return
    place = top / path
    if place.is_dir() and not place.is_symlink():
        for folder, _, names in os.walk(place):
            for name in names:
                below = str(PurePosixPath(Path(folder).relative_to(top), name))
                if below not in removed:
                    yield below
    elif os.path.lexists(place):
        yield path


def _is_there(checkout: Git, change: Change, in_index: str | None) -> bool:
    """Whether the file is what the new commit has, and the index holds nothing else of value."""
    known = (None, change.old.oid, change.new.oid)
    return in_index in known and _matches(checkout, change.new)


def _matches(checkout: Git, entry: Entry) -> bool:
    place = checkout.folder / entry.path
    try:
        mode = place.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return entry.mode == MISSING
    if stat.S_ISLNK(mode):
        text = os.fsencode(place.readlink())
        return (
            entry.mode == SYMLINK
            and checkout.run("hash-object", "--stdin", input=text).text == entry.oid
        )
    if not stat.S_ISREG(mode) or entry.mode in (SYMLINK, SUBMODULE, MISSING):
        return False
    executable = bool(mode & stat.S_IXUSR)
    return (
        executable == (entry.mode == "100755")
        and checkout.text("hash-object", "--", entry.path) == entry.oid
    )
