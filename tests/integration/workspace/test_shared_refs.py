"""Refs by which clones speak to each other, on real remotes of several kinds."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from errors import GitError
from tests.integration.workspace.conftest import git
from workspace.repository import Repository
from workspace.shared_refs import SharedRefs, Swap

KEY = "plan-TASKS-0123abcd"
REFUSES_HIDDEN = """#!/bin/sh
while read old new ref; do
  case "$ref" in refs/mission-runner/*) echo "only branches here" >&2; exit 1;; esac
done
"""


class Clones:
    """Clones of one bare remote, each with its view of the shared refs."""

    def __init__(self, folder: Path, *, form: str = "sha1") -> None:
        self.folder, self.remote = folder, folder / "remote.git"
        self._open: list[SharedRefs] = []
        first = ["init", "--quiet", "--initial-branch=main", f"--object-format={form}"]
        folder.mkdir(exist_ok=True)
        git(folder, *first, "--bare", str(self.remote))
        git(folder, *first, "seed")
        git(folder / "seed", "commit", "--quiet", "--allow-empty", "-m", "first")
        git(folder / "seed", "push", "--quiet", str(self.remote), "main")

    def hook(self, text: str) -> None:
        """Have the remote decide about pushes."""
        file = self.remote / "hooks" / "pre-receive"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)

    def clone(self, name: str) -> SharedRefs:
        top = self.folder / name
        if not top.exists():
            git(self.folder, "clone", "--quiet", str(self.remote), name)
        state = top / ".git" / "mission-runner" / KEY
        state.mkdir(parents=True, exist_ok=True)
        refs = SharedRefs(Repository.open(top), key=KEY, state_dir=state)
        self._open.append(refs)
        return refs

    def close(self) -> None:
        for refs in self._open:
            refs.close()

    def seen(self, name: str) -> str:
        """What a person sees of refs in a clone, and whether all of it is sound."""
        top = self.folder / name
        git(top, "fsck", "--connectivity-only")
        return "\n".join(
            git(top, *args)
            for args in (("log", "--all", "--format=%s"), ("branch", "-a"), ("for-each-ref",))
        )


@pytest.fixture
def clones(tmp_path: Path) -> Iterator[Clones]:
    made = Clones(tmp_path / "clones")
    yield made
    made.close()


FILES = {"claim.json": b'{"a": 1}', "record/one.jsonl": b"x" * 200_000, "record/two/b": b""}


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_what_one_clone_says_another_reads(tmp_path: Path, form: str) -> None:
    clones = Clones(tmp_path / "clones", form=form)
    one, other = clones.clone("one"), clones.clone("other")
    before = clones.seen("one"), clones.seen("other")
    commit = one.objects.make(FILES, subject="Says something")
    assert one.swap("claim", commit, None) is Swap.DONE
    assert other.listed() == {"claim": commit}
    found = other.read("claim", commit)
    assert found is not None
    assert (found.files, found.message) == (FILES, "Says something\n")
    assert found.author == one.objects.person
    # No more than what is new is sent.
    later = one.objects.make({**FILES, "claim.json": b"{}"}, subject="More", parent=commit)
    assert one.swap("claim", later, commit) is Swap.DONE
    assert other.read("claim", other.listed()["claim"]).files["claim.json"] == b"{}"  # type: ignore[union-attr]
    git(clones.remote, "fsck", "--strict")
    clones.close()
    git(clones.folder / "other", "fetch", "--quiet")
    assert (clones.seen("one"), clones.seen("other")) == before
    assert not list(clones.folder.glob("*/.git/mission-runner/*/shared-*"))


def test_only_who_knows_where_it_is_moves_it(clones: Clones) -> None:
    one, other = clones.clone("one"), clones.clone("other")
    first, second = (one.objects.make({"a": word}, subject="x") for word in (b"1", b"2"))
    assert one.swap("claim", first, None) is Swap.DONE
    mine = other.objects.make({"a": b"3"}, subject="x")
    assert other.swap("claim", mine, None) is Swap.MOVED
    assert other.swap("claim", mine, second) is Swap.MOVED
    assert one.swap("claim", second, first) is Swap.DONE  # of no history
    assert other.delete("claim", first) is Swap.MOVED
    assert other.read("claim", first) is None  # gone meanwhile
    assert other.delete("claim", second) is Swap.DONE
    assert other.delete("claim", second) is Swap.MOVED
    assert other.listed() == {}


def test_of_clones_that_start_in_one_instant_one_wins(clones: Clones) -> None:
    both = [clones.clone("one"), clones.clone("other")]
    old: str | None = None
    for turn in range(10):
        made = [
            one.objects.make({"a": b"%d" % turn, "b": b"%d" % at}, subject="x")
            for at, one in enumerate(both)
        ]
        ends = _in_one_instant(
            [partial(one.swap, "claim", new, old) for one, new in zip(both, made, strict=True)]
        )
        assert sorted(end.value for end in ends) == ["done", "moved"]
        old = made[ends.index(Swap.DONE)]
        assert both[0].listed() == {"claim": old}


def _in_one_instant(calls: list[Callable[[], Swap]]) -> list[Swap]:
    start = threading.Barrier(len(calls))

    def call(one: Callable[[], Swap]) -> Swap:
        start.wait()
        return one()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


def test_a_remote_that_takes_branches_only(clones: Clones) -> None:
    clones.hook(REFUSES_HIDDEN)
    one = clones.clone("one")
    commit = one.objects.make({"a": b"1"}, subject="x")
    assert one.swap("claim", commit, None) is Swap.REFUSED
    assert "only branches here" in one.refused or "hook declined" in one.refused
    one.use_branches()
    git(clones.remote, "config", "receive.denyNonFastForwards", "true")
    git(clones.remote, "config", "receive.denyDeletes", "true")
    first = one.objects.make({"a": b"1"}, subject="x")
    assert one.swap("claim", first, None) is Swap.DONE
    other = clones.clone("other")
    assert other.listed() == {"claim": first}
    assert other.in_branches  # as whoever came first found out
    alone, child = (
        other.objects.make({"a": b"2"}, subject="x", parent=one) for one in (None, first)
    )
    assert other.swap("claim", alone, first) is Swap.REFUSED
    assert other.read("claim", first) is not None
    assert other.swap("claim", child, first) is Swap.DONE
    assert other.delete("claim", child) is Swap.REFUSED
    assert clones.clone("one").in_branches
    clones.close()
    clones.seen("one")
    clones.seen("other")  # git's own refs of these branches lead to objects that are there


def test_a_remote_that_cannot_be_asked(clones: Clones) -> None:
    one = clones.clone("one")
    commit = one.objects.make({"a": b"1"}, subject="x")
    shutil.move(clones.remote, clones.folder / "away.git")
    with pytest.raises(GitError, match="cannot be pushed"):
        one.swap("claim", commit, None)
    with pytest.raises(GitError):
        one.listed()


def test_what_no_clone_of_ours_made(clones: Clones) -> None:
    """Whoever can push there may put anything there."""
    one, seed = clones.clone("one"), clones.folder / "seed"
    blob = git(seed, "hash-object", "-w", "--stdin", data=b"no commit")
    git(seed, "push", "--quiet", str(clones.remote), f"{blob}:refs/mission-runner/{KEY}/claim")
    with pytest.raises(GitError, match="no commit"):
        one.read("claim", one.listed()["claim"])
    link = git(seed, "mktree", data=f"160000 commit {'1' * 40}\tsub\n".encode())
    odd = git(seed, "commit-tree", link, "-m", "x")
    git(seed, "push", "--quiet", str(clones.remote), f"{odd}:refs/mission-runner/{KEY}/odd")
    # Few small trees, and a million files.
    entry = f"100644 blob {blob}"
    for _ in range(6):
        bomb = git(seed, "mktree", data="".join(f"{entry}\t{n}\n" for n in range(10)).encode())
        entry = f"040000 tree {bomb}"
    bomb = git(seed, "commit-tree", bomb, "-m", "x")
    for name, commit in (("odd", odd), ("bomb", bomb)):
        git(
            seed,
            "push",
            "--quiet",
            str(clones.remote),
            f"{commit}:refs/mission-runner/{KEY}/{name}",
        )
        with pytest.raises(GitError, match="holds what no clone shows"):
            one.read(name, commit)
    for number, (digits, message) in enumerate((("9" * 5000, "x"), ("1", "x" * 2_000_000))):
        who = f"A <a@example.org> {digits} +0000"
        text = f"tree {link}\nauthor {who}\ncommitter {who}\n\n{message}\n".encode()
        odd = git(seed, "hash-object", "-t", "commit", "--literally", "-w", "--stdin", data=text)
        ref = f"refs/mission-runner/{KEY}/odd-{number}"
        git(seed, "push", "--quiet", str(clones.remote), f"{odd}:{ref}")
        with pytest.raises(GitError, match=r"no commit that says who wrote it|bytes"):
            one.read(f"odd-{number}", odd)
    git(seed, "tag", "-a", "-m", "x", "tag", "main")
    git(seed, "push", "--quiet", str(clones.remote), f"tag:refs/mission-runner/{KEY}/tag")
    assert [name for name in one.listed() if "tag" in name] == ["tag"]  # what it leads to is no ref


def test_what_is_long_in_use_stays(clones: Clones) -> None:
    """Its folder has no new entry of its own for days, and looks as old as one that was left."""
    one = clones.clone("one")
    first = one.objects.make({"a": b"1"}, subject="x")
    assert one.swap("claim", first, None) is Swap.DONE
    state = clones.folder / "one/.git/mission-runner" / KEY
    left = state / "shared-killed"
    left.mkdir()
    (left / "lock").touch()
    for folder in state.glob("shared-*/"):
        os.utime(folder, (1, 1))
    clones.clone("one").objects.make({"a": b"2"}, subject="x")
    assert not left.exists()
    second = one.objects.make({"a": b"3"}, subject="x", parent=first)
    assert one.swap("claim", second, first) is Swap.DONE


def test_a_clone_that_tracks_everything(clones: Clones) -> None:
    """Git then keeps a ref of its own of what is pushed: it leads to an object that is there."""
    git(clones.folder, "clone", "--quiet", str(clones.remote), "all")
    git(clones.folder / "all", "config", "remote.origin.fetch", "+refs/*:refs/all/*")
    one = clones.clone("all")
    commit = one.objects.make({"a": b"1"}, subject="x")
    git(clones.folder / "all", "fetch", "--quiet")
    assert one.swap("claim", commit, None) is Swap.DONE
    clones.close()
    assert "refs/all/mission-runner" in clones.seen("all")


def test_a_path_with_a_colon(tmp_path: Path) -> None:
    clones = Clones(tmp_path / 'a:b"c')
    one = clones.clone("one")
    commit = one.objects.make({"a": b"1"}, subject="x")
    assert one.swap("claim", commit, None) is Swap.DONE
    assert one.read("claim", commit) is not None
    clones.close()
