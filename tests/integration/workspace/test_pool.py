"""Worktrees that begin with the files of one that is over: they are as git makes new ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.workspace.conftest import git
from workspace.alive import touched_by
from workspace.worktree import Worktree
from workspace.worktrees import Worktrees

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch, Scratch

FILES = {
    ".gitignore": "cache/\n*.log\nnode_modules/\n",
    "a/one.txt": "one\n",
    "a/b/two.txt": "two\n",
    "a/b/run.sh": "#!/bin/sh\n",
    "deep/er/three.txt": "three\n",
}


@pytest.fixture
def scratch(make_scratch: MakeScratch) -> Scratch:
    made = make_scratch(remote=False)
    made.commit(dict(FILES))
    (made.top / "a/b/run.sh").chmod(0o755)
    (made.top / "link").symlink_to("a/one.txt")
    made.commit({})
    return made


class Pooled:
    """Rows one after another."""

    def __init__(self, scratch: Scratch, *, keep: tuple[str, ...] = ()) -> None:
        self.scratch = scratch
        self.worktrees = Worktrees(
            scratch.repository, scratch.folder / "worktrees", pooled=True, keep=keep
        )

    def begin(self, name: str, *, full: bool = False, branch: bool = True) -> Worktree:
        base = self.scratch.git("rev-parse", "main")
        return self.worktrees.ensure(
            name, 1, branch=f"feat/{name}" if branch else None, base_commit=base, full=full
        )

    def waiting(self) -> list[Path]:
        place = self.scratch.folder / "worktrees" / ".pool"
        return sorted(place.iterdir()) if place.exists() else []


def look(folder: Path, *, mark: bool = False) -> dict[str, object]:
    """Everything in a folder: modes, links, contents, empty folders; of `.git` only, where that is
    asked, whether it is a file."""
    found: dict[str, object] = {}
    for where, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(where, name)
            inner = str(path.relative_to(folder))
            if inner == ".git":
                if mark:
                    found[inner] = path.is_file()
                continue
            status = path.lstat()
            what = (
                os.readlink(path)  # noqa: PTH115
                if path.is_symlink()
                else path.read_bytes()
                if path.is_file()
                else None
            )
            links = status.st_nlink if path.is_file() else 1
            found[inner] = (
                oct(status.st_mode),
                links,
                what,
                os.listxattr(path, follow_symlinks=False),
            )
    return found


def assert_fresh(scratch: Scratch, worktree: Worktree) -> None:
    """It is as a worktree that git makes, down to git's own files about it."""
    fresh = scratch.folder / "fresh"
    scratch.git("worktree", "add", "--quiet", "--detach", str(fresh), "main")
    try:
        assert_as(fresh, worktree)
    finally:
        scratch.git("worktree", "remove", "--force", str(fresh))


def assert_as(fresh: Path, worktree: Worktree, why: str = "") -> None:
    assert look(worktree.path) == look(fresh), why
    assert worktree.git.text("status", "--porcelain", "--ignored") == "", why
    assert worktree.git.text("ls-files", "-v", "-s") == git(fresh, "ls-files", "-v", "-s"), why
    ours = {path.name for path in worktree.git_dir.iterdir()}
    known = {"HEAD", "index", "gitdir", "commondir", "logs", "ORIG_HEAD", "mission-ready", "refs"}
    assert ours <= known, why
    assert not any(path.is_file() for path in (worktree.git_dir / "refs").rglob("*")), why


def inodes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.lstat().st_ino
        for path in folder.rglob("*")
        if path.name != ".git" and (not path.is_dir() or path.is_symlink())
    }


def _same_size(path: Path, text: str, *, times: bool = True) -> None:
    before = path.stat()
    path.write_text(text)
    if times:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _flags(flag: str, folder: Path) -> None:
    git(folder, "update-index", flag, "a/one.txt")
    _same_size(folder / "a/one.txt", "TWO\n")


def _forged_index(folder: Path) -> None:
    """The index says of a changed file that it is clean."""
    _same_size(folder / "a/one.txt", "EVI\n")
    git(folder, "update-index", "--add", "a/one.txt")
    git(folder, "read-tree", "HEAD")
    git(folder, "update-index", "--assume-unchanged", "a/one.txt")


def _nested(folder: Path) -> None:
    git(folder, "init", "--quiet", "a/inner")
    (folder / "a/inner/file").write_text("x")
    (folder / "a/b/.git").mkdir()
    (folder / "a/b/.git/HEAD").write_text("ref: refs/heads/x\n")


def _linked(folder: Path) -> None:
    outside = folder.parent / "outside"
    (folder / "a/one.txt").unlink()
    outside.write_text("one\n")
    os.link(outside, folder / "a/one.txt")
    os.link(folder / "a/b/two.txt", folder.parent / "outside-2")


def _swapped(folder: Path) -> None:
    """A folder became a link to one that looks the same."""
    outside = folder.parent.parent / "elsewhere"
    shutil.copytree(folder / "a", outside)
    shutil.rmtree(folder / "a")
    (folder / "a").symlink_to(outside)


def _closed(folder: Path) -> None:
    (folder / "shut/in").mkdir(parents=True)
    (folder / "shut/in/file").touch()
    (folder / "shut/in").chmod(0)
    (folder / "shut").chmod(0)
    (folder / "deep").chmod(0o500)


def _config(folder: Path) -> None:
    record = Path(git(folder, "rev-parse", "--absolute-git-dir"))
    (record / "config.worktree").write_text("[core]\n\tfsmonitor = /bin/false\n")
    (record / "info").mkdir(exist_ok=True)
    (record / "info/sparse-checkout").write_text("/a/\n")
    (record / "refs/worktree").mkdir(parents=True, exist_ok=True)
    (record / "refs/bisect").mkdir(parents=True, exist_ok=True)
    head = git(folder, "rev-parse", "HEAD")
    (record / "refs/bisect/bad").write_text(f"{head}\n")
    (record / "MERGE_HEAD").write_text(f"{head}\n")


def _attributes(folder: Path) -> None:
    (folder / ".gitattributes").write_text("* text eol=crlf\n")
    (folder / "a/.gitattributes").write_text("*.txt filter=bad\n")
    (folder / "a/one.txt").write_bytes(b"one\r\n")


def _extended(folder: Path) -> None:
    os.setxattr(folder / "deep", "user.x", b"1")
    os.setxattr(folder / "a/one.txt", "user.x", b"1")


def _ignored(folder: Path) -> None:
    (folder / "cache").mkdir()
    (folder / "cache/x.log").touch()


def _modes(folder: Path) -> None:
    (folder / "a/one.txt").chmod(0o755)
    (folder / "a/b/run.sh").chmod(0o644)
    (folder / "a/b").chmod(0o777)
    (folder / "file.txt").chmod(0o666)


def _others(folder: Path) -> None:
    """Something else in the place of a file."""
    for name in ("file.txt", "link", "a/one.txt", "a/b/two.txt"):
        (folder / name).unlink()
    (folder / "file.txt").symlink_to("a/one.txt")
    (folder / "link").symlink_to("a/b/two.txt")
    os.mkfifo(folder / "a/one.txt")
    (folder / "a/b/two.txt").mkdir()


def _own_repository(folder: Path) -> None:
    (folder / ".git").unlink()
    git(folder, "init", "--quiet")


ATTACKS: dict[str, Callable[[Path], object]] = {
    "another text": lambda it: _same_size(it / "a/one.txt", "longer\n", times=False),
    "as long, as old": lambda it: _same_size(it / "a/one.txt", "EVI\n"),
    "assumed unchanged": partial(_flags, "--assume-unchanged"),
    "not in the worktree": partial(_flags, "--skip-worktree"),
    "forged index": _forged_index,
    "removed": lambda it: shutil.rmtree(it / "a"),
    "ignored": _ignored,
    "untracked": lambda it: (it / "a/left.txt").touch(),
    "empty folders": lambda it: (it / "a/x/y/z").mkdir(parents=True),
    "modes": _modes,
    "nested repositories": _nested,
    "hard links": _linked,
    "a link for a folder": _swapped,
    "other things": _others,
    "a repository for its mark": _own_repository,
    "closed folders": _closed,
    "git's own files": _config,
    "attributes": _attributes,
    "extended attributes": _extended,
}


@pytest.mark.parametrize("full", [False, True], ids=["to work in", "to vouch"])
def test_nothing_of_who_was_there_before_is_left(scratch: Scratch, full: bool) -> None:
    """Whatever each did who was there, one after another."""
    pooled = Pooled(scratch)
    fresh = scratch.folder / "fresh"
    scratch.git("worktree", "add", "--quiet", "--detach", str(fresh), "main")
    now = pooled.begin("0", full=full, branch=False)
    for number, (name, attack) in enumerate(ATTACKS.items(), start=1):
        if name in ("git's own files", "a repository for its mark"):
            attack(now.path)
        else:
            with pooled.worktrees.lent(now):
                attack(now.path)
        assert name == "git's own files" or look(now.path, mark=True) != look(fresh, mark=True)
        pooled.worktrees.remove(now)
        assert len(pooled.waiting()) == 1, name
        now = pooled.begin(str(number), full=full, branch=False)
        assert pooled.waiting() == [], name
        assert_as(fresh, now, name)
    pooled.worktrees.remove(now)
    pooled.worktrees.clear_pool()
    assert pooled.waiting() == []


HOLD = """
import mmap, os, sys
what, folder = sys.argv[1:]
if what == "works there":
    os.chdir(folder + "/a")
elif what == "has a file open":
    file = open(folder + "/a/one.txt", "r+")
else:
    with open(folder + "/a/one.txt", "r+b") as file:
        memory = mmap.mmap(file.fileno(), 0)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("what", "when"),
    [
        ("works there", "before it is over"),
        ("has a file open", "before it is over"),
        ("has it in memory", "before it is over"),
        ("works there", "while it waits"),
        ("has a file open", "while it waits"),
        ("has it in memory", "while it waits"),
    ],
)
def test_one_in_which_a_process_lives_goes_to_nobody(
    scratch: Scratch, what: str, when: str
) -> None:
    pooled = Pooled(scratch)
    first = pooled.begin("A")
    if when == "while it waits":
        pooled.worktrees.remove(first)
        (folder,) = pooled.waiting()
    else:
        folder = first.path
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, what, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        assert touched_by(folder) == process.pid
        if when != "while it waits":
            pooled.worktrees.remove(first)
            (folder,) = pooled.waiting()
        second = pooled.begin("B")
        assert not (folder / "a").exists()
        assert_fresh(scratch, second)
        process.communicate()
    assert touched_by(second.path) is None


def test_who_only_looks_on_from_beside_is_nobody(scratch: Scratch) -> None:
    """A folder whose name begins the same is another one."""
    first, second = (Pooled(scratch).begin(name) for name in ("A", "A-1"))
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, "works there", str(second.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert touched_by(first.path) is None
        assert touched_by(second.path) == process.pid
        process.communicate()


def test_what_is_to_be_kept_is_kept_for_agents_where_git_ignores_it(scratch: Scratch) -> None:
    pooled = Pooled(scratch, keep=("node_modules", "a/cache", "shown", "a/b", "gone"))
    first = pooled.begin("A")
    for name in ("node_modules/x/y.js", "a/cache/z", "shown/x", "a/b/more.txt", "other/z"):
        (first.path / name).parent.mkdir(parents=True, exist_ok=True)
        (first.path / name).write_text("kept")
    (first.path / "gone").symlink_to("/etc")
    pooled.worktrees.remove(first)
    scratch.commit({"a/cache.txt": "beside\n"})
    second = pooled.begin("B")
    assert (second.path / "node_modules/x/y.js").read_text() == "kept"
    assert (second.path / "a/cache/z").read_text() == "kept"
    for name in ("shown", "a/b/more.txt", "other", "gone"):
        assert not os.path.lexists(second.path / name), name
    assert second.git.text("status", "--porcelain") == ""
    pooled.worktrees.remove(second)
    scratch.commit({"a/cache/tracked.txt": "the base's\n"})
    git(scratch.top, "add", "--force", "a/cache/tracked.txt")
    scratch.commit({})
    third = pooled.begin("C")
    assert (third.path / "node_modules/x/y.js").exists()
    assert [one.name for one in (third.path / "a/cache").iterdir()] == ["tracked.txt"]


def test_what_vouches_keeps_nothing(scratch: Scratch) -> None:
    pooled = Pooled(scratch, keep=("node_modules",))
    first = pooled.begin("A", full=True, branch=False)
    (first.path / "node_modules").mkdir()
    pooled.worktrees.remove(first)
    assert_fresh(scratch, pooled.begin("B", full=True, branch=False))


def test_who_works_gives_nothing_to_what_vouches(scratch: Scratch) -> None:
    pooled = Pooled(scratch)
    first = pooled.begin("A")
    before = inodes(first.path)
    pooled.worktrees.remove(first)
    second = pooled.begin("B", full=True, branch=False)
    assert len(pooled.waiting()) == 1
    assert not set(before.values()) & set(inodes(second.path).values())


def test_other_attributes_or_settings_have_every_file_written_anew(scratch: Scratch) -> None:
    pooled = Pooled(scratch)
    pooled.worktrees.remove(pooled.begin("A", full=True, branch=False))
    scratch.commit({".gitattributes": "*.txt text eol=crlf\n"})
    second = pooled.begin("B", full=True, branch=False)
    assert (second.path / "a/one.txt").read_bytes() == b"one\r\n"
    # What git changes as it writes it is no reason to write it again.
    before = inodes(second.path)
    pooled.worktrees.remove(second)
    third = pooled.begin("C", full=True, branch=False)
    assert inodes(third.path) == before
    (third.path / "a/one.txt").write_bytes(b"one\n")
    pooled.worktrees.remove(third)
    fourth = pooled.begin("D", full=True, branch=False)
    assert (fourth.path / "a/one.txt").read_bytes() == b"one\r\n"
    pooled.worktrees.remove(fourth)
    (scratch.top / ".git/info/attributes").write_text("*.txt -text\n")
    fifth = pooled.begin("E", full=True, branch=False)
    assert (fifth.path / "a/one.txt").read_bytes() == b"one\n"


def test_a_sparse_checkout_is_never_shared(scratch: Scratch) -> None:
    pooled = Pooled(scratch)
    pooled.worktrees.remove(pooled.begin("A"))
    scratch.git("sparse-checkout", "set", "a")
    second = pooled.begin("B")
    assert not (second.path / "deep").exists()
    pooled.worktrees.remove(second)
    assert len(pooled.waiting()) == 1
    scratch.git("sparse-checkout", "disable")
    assert (pooled.begin("C").path / "deep").exists()


def test_submodules_are_the_empty_folders_that_git_makes(scratch: Scratch) -> None:
    head = scratch.git("rev-parse", "HEAD")
    scratch.git("update-index", "--add", "--cacheinfo", f"160000,{head},inner/module")
    scratch.git("commit", "--quiet", "-m", "module")
    pooled = Pooled(scratch)
    first = pooled.begin("A")
    (first.path / "inner/module/left.txt").write_text("left")
    pooled.worktrees.remove(first)
    second = pooled.begin("B")
    assert_fresh(scratch, second)
    pooled.worktrees.remove(second)
    scratch.git("rm", "--quiet", "--cached", "inner/module")
    scratch.git("commit", "--quiet", "-m", "no module")
    assert not (pooled.begin("C").path / "inner").exists()


def test_deeper_than_anyone_goes_down(scratch: Scratch) -> None:
    pooled = Pooled(scratch)
    first = pooled.begin("A")
    inner = os.open(first.path, os.O_RDONLY)
    for _ in range(1_500):
        os.mkdir("d", dir_fd=inner)
        inner, outer = os.open("d", os.O_RDONLY, dir_fd=inner), inner
        os.close(outer)
    os.close(inner)
    pooled.worktrees.remove(first)
    assert_fresh(scratch, pooled.begin("B"))
    subprocess.run(["rm", "-rf", *pooled.waiting()], check=True)


def test_what_a_killed_run_left_is_removed_and_not_used(scratch: Scratch) -> None:
    pooled = Pooled(scratch)
    pooled.worktrees.remove(pooled.begin("A"))
    (folder,) = pooled.waiting()
    (folder / "a/one.txt").write_text("EVI\n")
    later = Pooled(scratch)
    assert_fresh(scratch, later.begin("B"))
    assert later.waiting() == [folder]
    later.worktrees.clear_pool()
    assert later.waiting() == []
    assert_fresh(scratch, pooled.begin("C"))  # whose folder is gone meanwhile
