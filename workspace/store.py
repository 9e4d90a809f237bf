"""What a repository holds: revisions, commits and trees, asked of one git process that is kept.

It is `git cat-file --batch-command` (git-cat-file(1)), which looks at refs anew each time, and at
packs anew where it does not find an object: what others commit, fetch and repack meanwhile is seen.
Objects never change, so what was read of one may be remembered.
"""

from __future__ import annotations

import re
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from pathlib import Path

from errors import GitError
from workspace.conversation import Conversation, nothing
from workspace.tree_entries import (
    ATTRIBUTES,
    SUBMODULE,
    TREE,
    Change,
    Entry,
    below,
    differing,
    file_at,
    parsed,
)

_FOUND = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64}) (commit|tree|blob|tag) (\d+)")
_WRITTEN = re.compile(rb"> (\d{1,30}) [+-]\d+$")  # the end of a commit's author
_NEARBY = 32  # commits that are looked at before git is asked to walk a history
_REMEMBERED = 100_000  # commits, and trees
# Of paths that differ, and of those that are marked: a few small trees stand for any number.
_MOST_CHANGES, _MOST_MARKED = 500_000, 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An object."""

    oid: str
    kind: str  # commit, tree, blob, tag
    size: int  # bytes
    content: bytes = b""  # where it was asked for


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What a commit says."""

    seconds: int  # since the epoch, when it was written
    text: str


class Store:
    """The objects of one repository, as they are seen from one folder. For any thread."""

    def __init__(
        self,
        start: Callable[[], subprocess.Popen[bytes]],
        git_dir: Callable[[], Path],
        *,
        view: Callable[[], object] = nothing,
    ) -> None:
        """
        Args:
            start: Starts `git cat-file --batch-command` where revisions mean what they shall.
            git_dir: Finds the folder's own git folder.
            view: `workspace.refs.packed_refs` of the repository, where it is asked for long.
        """
        self._own_dir = git_dir
        self._git = Conversation(start, view=view)
        self._memory = threading.Lock()  # guards what follows
        self._parents: dict[str, tuple[str, ...]] = {}
        self._marked: dict[str, tuple[Entry, ...]] = {}

    @cached_property
    def git_dir(self) -> Path:
        """The folder's own git folder, absolute."""
        return self._own_dir()

    def close(self) -> None:
        """End the process, if there is one. The next question starts a new one."""
        self._git.close()

    def find(self, revision: str) -> Found | None:
        """What a revision names; None: nothing.

        Raises:
            GitError: Git cannot be asked, or not for such a name.
        """
        return self._ask("info", [revision])[0]

    def read(self, revision: str) -> Found | None:
        """What a revision names, with its content as it is stored; None: nothing.

        Raises:
            GitError: As `find`.
        """
        return self._ask("contents", [revision])[0]

    def _ask(self, command: str, revisions: Sequence[str]) -> list[Found | None]:
        if any("\n" in revision or "\0" in revision for revision in revisions):
            raise GitError("no revision is named with a line break")
        with_content = command == "contents"

        def answer(git: Conversation) -> Found | None:
            found = _FOUND.fullmatch(git.line())
            if found is None:  # it names nothing, or may name several
                return None
            size = int(found[3])
            content = git.exactly(size + 1)[:-1] if with_content else b""
            kind = found[2].decode()
            return Found(oid=found[1].decode(), kind=kind, size=size, content=content)

        lines = (f"{command} {revision}\n" for revision in revisions)
        return self._git.ask([line.encode(errors="surrogateescape") for line in lines], answer)

    def is_ancestor(self, commit: str, *, of: str) -> bool | None:
        """Whether a commit is another one, or part of its history; None: they are not near each
        other, and git is to walk the history. Both are full ids."""
        # Of two commits in one history only one can hold the other.
        if commit == of:
            return True
        down, up = _Walk(of), _Walk(commit)
        for _ in range(_NEARBY):
            if down.over:
                return False
            if commit in down.step(self.parents):
                return True
            if not up.over and of in up.step(self.parents):
                return False
        return None

    def line(self, since: str, until: str) -> list[str] | None:
        """The commits after `since` up to `until`, the newest first, where each has one parent;
        None: they are many, or history parts. Both are full ids."""
        found: list[str] = []
        commit = until
        while commit != since:
            parents = self.parents(commit)
            if len(parents) != 1 or len(found) == _NEARBY:
                return None
            found.append(commit)
            (commit,) = parents
        return found

    def newest(self, commit: str) -> list[str]:
        """A commit and some of those before it, the newest first by their distance."""
        walk = _Walk(commit)
        found = [commit]
        while not walk.over and len(found) < _NEARBY:
            found += walk.step(self.parents)
        return found

    def parents(self, commit: str) -> tuple[str, ...]:
        """The parents of a commit, as it names them; none where it is not here."""
        with self._memory:
            known = self._parents.get(commit)
        if known is not None:
            return known
        found = self.read(commit)
        if found is None or found.kind != "commit":
            return ()
        # They are named behind the tree; what follows an author is something else to git.
        _, *head = found.content.partition(b"\n\n")[0].decode(errors="replace").split("\n")
        named = takewhile(lambda line: line.startswith("parent "), head)
        known = tuple(line.removeprefix("parent ") for line in named)
        with self._memory:
            if len(self._parents) > _REMEMBERED:
                self._parents.clear()
            self._parents[commit] = known
        return known

    def message(self, commit: str) -> Message | None:
        """What a commit says; None: it is not here, or in a writing that Python does not know."""
        found = self.read(commit)
        if found is None or found.kind != "commit":
            return None
        head, _, text = found.content.partition(b"\n\n")
        facts = dict(line.partition(b" ")[::2] for line in head.split(b"\n"))
        author = _WRITTEN.search(facts.get(b"author", b""))
        encoding = facts.get(b"encoding", b"utf-8").decode("ascii", "replace")
        if author is None:
            return None
        text = text.partition(b"\0")[0]  # git shows no more of it
        try:
            return Message(seconds=int(author[1]), text=text.decode(encoding, "surrogateescape"))
        except (LookupError, UnicodeError):
            return None

    def entries(self, trees: Sequence[str]) -> list[tuple[Entry, ...]]:
        """What these trees hold, by their ids; not what is in folders below.

        Raises:
            GitError: There is no such tree.
        """
        held = []
        for tree, found in zip(trees, self._ask("contents", trees), strict=True):
            if found is None or found.kind != "tree":
                raise GitError(f"there is no tree {tree[:12]}")
            held.append(parsed(found.content, len(found.oid) // 2))
        return held

    def changes(self, old: str, new: str) -> list[Change]:
        """What differs between two trees, by path, as `git diff-tree -r --no-renames` has it.

        Raises:
            GitError: There is no such tree, or too much differs.
        """
        found: list[Change] = []
        todo = [("", old, new)]
        while todo:
            ids = sorted({oid for _, *both in todo for oid in both if oid})
            held = dict(zip(ids, self.entries(ids), strict=True))
            pairs, todo = todo, []
            for folder, before, after in pairs:
                if len(found) + len(todo) > _MOST_CHANGES:
                    raise GitError(f"{new[:12]} differs in more than {_MOST_CHANGES} paths")
                for one, other in differing(held.get(before, ()), held.get(after, ())):
                    path = folder + one.path
                    if TREE in (one.mode, other.mode):
                        todo.append((f"{path}/", below(one), below(other)))
                    change = Change(path=path, old=file_at(one, path), new=file_at(other, path))
                    if change.old != change.new:
                        found.append(change)
        return sorted(found, key=lambda change: change.path.encode(errors="surrogateescape"))

    def marked(self, tree: str) -> tuple[Entry, ...]:
        """The submodules and the files of attributes in a tree, folders below included.

        Raises:
            GitError: There is no such tree, or too much in it.
        """
        held: dict[str, tuple[Entry, ...]] = {}
        known: dict[str, tuple[Entry, ...]] = {}
        level = [tree]
        while level:
            with self._memory:
                known.update((one, self._marked[one]) for one in level if one in self._marked)
            new = [one for one in dict.fromkeys(level) if one not in held and one not in known]
            held.update(zip(new, self.entries(new), strict=True))
            level = [one.oid for oid in new for one in held[oid] if one.mode == TREE]
        found = _marked_in(tree, held, known)
        with self._memory:
            if len(self._marked) > _REMEMBERED:
                self._marked.clear()
            self._marked.update((one, known[one]) for one in held)
        return found


def _marked_in(
    tree: str, held: Mapping[str, tuple[Entry, ...]], known: dict[str, tuple[Entry, ...]]
) -> tuple[Entry, ...]:
    """What is marked in a tree; `known` has it of some, and gets to have it of all that are met."""
    if tree not in known:
        marked: list[Entry] = []
        for entry in held[tree]:
            if entry.mode == TREE:
                inside = _marked_in(entry.oid, held, known)
                marked += [replace(one, path=f"{entry.path}/{one.path}") for one in inside]
            elif entry.mode == SUBMODULE or entry.path == ATTRIBUTES:
                marked.append(entry)
            if len(marked) > _MOST_MARKED:
                raise GitError(f"the tree {tree[:12]} holds more than {_MOST_MARKED} such files")
        known[tree] = tuple(marked)
    return known[tree]


class _Walk:
    """A history, walked commit by commit."""

    def __init__(self, start: str) -> None:
        self._seen = {start}
        self._next = deque([start])

    @property
    def over(self) -> bool:
        """All of it was walked."""
        return not self._next

    def step(self, parents: Callable[[str], Sequence[str]]) -> list[str]:
        """Look at one more commit. Those of its parents that were not met before."""
        new = [one for one in parents(self._next.popleft()) if one not in self._seen]
        self._seen.update(new)
        self._next.extend(new)
        return new
