"""The commits that changed a file, with what it held before and after each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workspace.git import Git

_NOTHING = frozenset("0")  # of what the id of a file that is not there is made


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """One commit's change of the file."""

    commit: str
    trailer: str  # the value of the trailer that was asked for; empty: it has none
    before: tuple[bytes | None, ...]  # by parent; None: it had no such file
    after: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listed:
    """An edit by the ids of the file's versions."""

    commit: str
    trailer: str
    before: tuple[str, ...]
    after: str


def edits(git: Git, *, since: str, until: str, paths: Sequence[str], trailer: str) -> list[Edit]:
    """The edits in `until` and not in `since` of a file that was at these paths, the newest first.

    A merge counts where it differs from all its parents. Versions are as they are stored. Two
    processes, however long the history.
    """
    listed = _listed(git, since=since, until=until, paths=paths, trailer=trailer)
    contents = _contents(git, {oid for one in listed for oid in (*one.before, one.after)})
    return [
        Edit(
            commit=one.commit,
            trailer=one.trailer,
            before=tuple(contents.get(oid) for oid in one.before),
            after=contents[one.after],
        )
        for one in listed
        if one.after in contents
    ]


def _listed(
    git: Git, *, since: str, until: str, paths: Sequence[str], trailer: str
) -> list[_Listed]:
    # No line of a raw diff begins with a slash: it tells a commit's first field from a file.
    head = f"/%H%x00%(trailers:key={trailer},valueonly,separator=%x2C)"
    fields = iter(
        git.run(
            "--literal-pathspecs", "log", "-z", "--topo-order", "-c", "--raw", "--no-abbrev",
            "--no-renames", f"--format={head}", "--end-of-options", f"{since}..{until}",
            "--", *paths,
        ).fields
    )  # fmt: skip
    listed: list[_Listed] = []
    commit = value = ""
    for field in (field.lstrip("\n") for field in fields):
        if field.startswith("/"):
            commit, value = field[1:], next(fields)
            continue
        next(fields)  # the path
        parents = len(field) - len(field.lstrip(":"))
        oids = field.split(" ")[parents + 1 : -1]
        listed.append(
            _Listed(commit=commit, trailer=value, before=tuple(oids[:-1]), after=oids[-1])
        )
    return listed


def _contents(git: Git, oids: set[str]) -> Mapping[str, bytes]:
    wanted = sorted(oid for oid in oids if not _NOTHING.issuperset(oid))
    if not wanted:
        return {}
    asked = "".join(f"{oid}\n" for oid in wanted)
    output = git.run("cat-file", "--batch", input=asked).stdout.encode(errors="surrogateescape")
    contents, at = {}, 0
    for oid in wanted:
        end = output.index(b"\n", at)
        _, kind, size = output[at:end].split(b" ")
        at = end + 1 + int(size) + 1
        if kind == b"blob":
            contents[oid] = output[end + 1 : at - 1]
    return contents
