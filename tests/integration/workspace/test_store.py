"""Questions to a git process that is kept: the answers are those of git as it is now."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errors import GitError
from tests.integration.workspace.conftest import await_end, git
from workspace import base_log
from workspace.git import Git
from workspace.repository import Repository
from workspace.tree_entries import SUBMODULE

if TYPE_CHECKING:
    from tests.integration.workspace.conftest import MakeScratch

# Asks once, tells which process answered, and waits to be killed.
_ASKS = """
import os, pathlib, subprocess, sys
from workspace.repository import Repository
started = subprocess.Popen
class Told(started):
    def __init__(self, *args, **rest):
        super().__init__(*args, **rest)
        if "--batch-command" in args[0] or "--stdin" in args[0]:
            print(self.pid, flush=True)
subprocess.Popen = Told
repository = Repository.open(pathlib.Path(sys.argv[1]))
repository.git.commit("HEAD")
repository.git.move_refs("update refs/mission-runner/x HEAD")
print("asked", flush=True)
sys.stdin.read()
"""
SHAPES = st.lists(st.lists(st.integers(0, 11), max_size=2, unique=True), min_size=1, max_size=12)
PATHS = ("a", "a.b", "a/b", "a/c/d", ".gitattributes", "e/.gitattributes", "e/é", "f g/h")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


def test_what_others_do_meanwhile_is_seen(make_scratch: MakeScratch) -> None:
    scratch = make_scratch(remote=False)
    asked = scratch.repository.git
    before = asked.commit("main")
    assert before == scratch.git("rev-parse", "main")
    made = scratch.commit({"new.txt": "new\n"})
    assert (asked.commit("main"), asked.commit("HEAD")) == (made, made)
    scratch.git("gc", "--quiet", "--prune=now")
    packed = scratch.commit({"newer.txt": "newer\n"})
    assert asked.commit("HEAD^") == made
    scratch.git("repack", "-a", "-d", "-q")
    scratch.git("pack-refs", "--all")
    assert asked.commit("main") == packed
    assert asked.tree("main") == scratch.git("rev-parse", "main^{tree}")
    scratch.git("branch", "--quiet", "side", str(before))
    assert asked.commit("refs/heads/side") == before
    scratch.git("branch", "--quiet", "-D", "side")
    assert asked.commit("refs/heads/side") is None


def test_a_process_that_somebody_killed_is_replaced(make_scratch: MakeScratch) -> None:
    scratch = make_scratch(remote=False)
    asked = scratch.repository.git
    head = asked.commit("HEAD")
    asked.move_refs("update refs/mission-runner/x HEAD")
    for name in ("--batch-command", "--stdin"):
        for pid in _children(name):
            os.kill(pid, signal.SIGKILL)
            await_end(pid)
    assert asked.commit("HEAD") == head
    asked.move_refs("delete refs/mission-runner/x")
    assert asked.commit("refs/mission-runner/x") is None
    asked.close()
    assert not _children("--batch-command")


def test_it_dies_with_us(make_scratch: MakeScratch) -> None:
    scratch = make_scratch(remote=False)
    owner = subprocess.Popen(
        [sys.executable, "-c", _ASKS, str(scratch.top)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with owner:
        assert owner.stdout is not None
        kept = [int(owner.stdout.readline()) for _ in range(2)]
        assert owner.stdout.readline() == "asked\n"
        owner.kill()
    for pid in kept:
        await_end(pid)


def test_a_fork_asks_a_process_of_its_own(make_scratch: MakeScratch) -> None:
    scratch = make_scratch(remote=False)
    asked = scratch.repository.git
    head = asked.commit("HEAD")
    (pid,) = _children("--batch-command")
    child = os.fork()
    if child == 0:
        right = asked.commit("HEAD") == head
        asked.close()
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert asked.commit("HEAD") == head
    assert _children("--batch-command") == [pid]


def test_many_threads_ask_one_process(make_scratch: MakeScratch) -> None:
    scratch = make_scratch(remote=False)
    asked = scratch.repository.git
    commits = [scratch.commit({"file.txt": f"{number}\n"}) for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        trees = list(pool.map(asked.tree, commits * 20))
        asked.move_refs(*(f"update refs/heads/b{n} {one}" for n, one in enumerate(commits)))
    assert trees == [scratch.git("rev-parse", f"{one}^{{tree}}") for one in commits] * 20
    assert len(_children("--batch-command")) == 1


def test_what_no_line_can_ask_is_asked_otherwise(make_scratch: MakeScratch) -> None:
    asked = make_scratch(remote=False).repository.git
    assert asked.commit("HEAD\nHEAD") is None
    assert asked.commit("no-such-branch") is None
    with pytest.raises(GitError):
        asked.tree("no-such-branch")
    with pytest.raises(GitError):
        asked.is_ancestor("no-such-branch", of="HEAD")


def test_refs_move_all_or_none(make_scratch: MakeScratch) -> None:
    scratch = make_scratch(remote=False)
    moves = scratch.repository.git
    old = scratch.git("rev-parse", "HEAD")
    new = scratch.commit({"new.txt": "new\n"})
    refused = moves.try_refs(f"update refs/heads/x {new}", f"update refs/heads/main {new} {old}")
    assert "cannot lock ref" in refused
    assert moves.commit("refs/heads/x") is None
    assert moves.try_refs(f"update refs/heads/x {new}", f"update refs/heads/main {old} {new}") == ""
    assert (moves.commit("refs/heads/x"), moves.commit("HEAD")) == (new, old)
    with pytest.raises(GitError):
        moves.move_refs("update refs/heads/y no-such-commit")


def test_no_move_is_refused_for_what_a_ref_was_before(make_scratch: MakeScratch) -> None:
    """A git that is kept takes the packed refs for the same while size and second are."""
    scratch = make_scratch(remote=False)
    moves = scratch.repository.git
    old = scratch.git("rev-parse", "HEAD")
    new = scratch.commit({"new.txt": "new\n"})
    for name in ("x", "y"):
        scratch.git("branch", name, old)
    scratch.git("pack-refs", "--all")
    packed = scratch.top / ".git" / "packed-refs"
    at = packed.stat()
    moves.move_refs(f"update refs/heads/x {new} {old}")  # it has read them
    assert moves.commit("refs/heads/y") == old
    lines = packed.read_text().replace(f"{old} refs/heads/y", f"{new} refs/heads/y")
    packed.write_text(lines)
    os.utime(packed, ns=(at.st_atime_ns, at.st_mtime_ns))
    assert moves.commit("refs/heads/y") == new
    assert moves.try_refs(f"update refs/heads/y {old} {new}") == ""
    assert scratch.git("rev-parse", "y") == old


def test_in_a_shallow_clone_history_ends_where_git_says(make_scratch: MakeScratch) -> None:
    scratch = make_scratch()
    old = scratch.git("rev-parse", "HEAD")
    new = scratch.commit({"new.txt": "new\n"})
    scratch.push()
    clone = scratch.folder / "clone"
    git(scratch.folder, "clone", "--quiet", "--depth=1", f"file://{scratch.remote}", str(clone))
    repository = Repository.open(clone)
    assert repository.git.commit(old) is None
    assert repository.git.line_between(new, new) == []
    assert repository.fetch_base() == new
    assert repository.git.is_ancestor(old, of=new)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(shape=SHAPES)
def test_ancestors_are_git_s(shared: Path, shape: list[list[int]]) -> None:
    """Any history, merges and several roots included; `shape` has the parents of each commit."""
    tree = git(shared, "mktree")
    commits: list[str] = []
    for number, parents in enumerate(shape):
        known = [commits[one] for one in parents if one < number]
        options = [part for one in known for part in ("-p", one)]
        commits.append(git(shared, "commit-tree", tree, *options, "-m", str(number)))
    plain, kept = Git(shared), _kept(shared)
    try:
        for one in commits:
            assert kept.is_ancestor(one, of=commits[-1]) == plain.is_ancestor(one, of=commits[-1])
            assert kept.is_ancestor(commits[-1], of=one) == plain.is_ancestor(commits[-1], of=one)
            line = kept.line_between(one, commits[-1])
            if line is not None:
                said = git(shared, "rev-list", f"{one}..{commits[-1]}").split()
                assert line == said
    finally:
        kept.close()


@pytest.mark.parametrize(
    "extra", ["parent {}", "note x\nparent {}", "author A <a@b> 1 +0000", "encoding ISO-8859-1"]
)
def test_what_stands_elsewhere_in_a_commit_s_head_counts_for_nothing(
    shared: Path, extra: str
) -> None:
    """An agent can write any commit; its parents are those that git takes for such."""
    tree = git(shared, "mktree")
    one, other = (git(shared, "commit-tree", tree, "-m", word) for word in ("one", "other"))
    head = f"tree {tree}\nparent {one}\nauthor P <p@q> 9 +0000\ncommitter P <p@q> 9 +0000\n"
    content = f"{head}{extra.format(other)}\n\nTask: Ü\n".encode()
    made = git(shared, "hash-object", "-t", "commit", "-w", "--literally", "--stdin", data=content)
    with Git(shared).objects() as store:
        assert store.parents(made) == (one,)
        said = store.message(made)
    shown = Git(shared).text("log", "-1", "--format=%at %B", "--encoding=UTF-8", made)
    assert said is not None
    assert f"{said.seconds} {said.text}".rstrip() == shown


trees = st.dictionaries(
    st.sampled_from(PATHS), st.tuples(st.sampled_from("12"), st.sampled_from(("100644", "100755")))
).filter(lambda files: not any(path.startswith(f"{one}/") for path in files for one in files))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(old=trees, new=trees)
def test_what_differs_is_what_git_says(
    shared: Path, old: dict[str, tuple[str, str]], new: dict[str, tuple[str, str]]
) -> None:
    kept = _kept(shared)
    before, after = _tree(shared, old), _tree(shared, new)
    try:
        with kept.objects() as store:
            found = [
                f":{one.old.mode} {one.new.mode} {one.old.oid} {one.new.oid} {one.path}"
                for one in store.changes(before, after)
            ]
            marked = sorted(one.path for one in store.marked(after))
    finally:
        kept.close()
    raw = Git(shared).run("diff-tree", "-r", "-z", "--raw", "--no-renames", before, after).fields
    facts, paths = raw[::2], raw[1::2]
    said = [f"{one[:-2]} {path}" for one, path in zip(facts, paths, strict=True)]
    assert found == said
    assert marked == sorted(path for path in new if path.endswith(".gitattributes"))


# What `git hash-object --literally` makes and `git fsck` complains of, and a fetch brings all the
# same: an agent that writes objects by hand hides nothing in them.
HOSTILE = {
    "a name twice, the new one first": [("100644", "a", "2"), ("100644", "a", "1")],
    "a name twice, the new one last": [("100644", "a", "1"), ("100644", "a", "2")],
    "a name twice, the same": [("100644", "a", "1"), ("100644", "a", "1")],
    "a folder with the rights of files": [("100644", "a", "1"), ("40755", "b", "tree")],
    "a link with rights": [("120777", "a", "1")],
    "a submodule with rights": [("100644", "a", "1"), ("160755", "b", "commit")],
    "a kind that is none": [("10644", "a", "1")],
    "a name where nobody looks for it": [("100644", "z", "2"), ("100644", "a", "1")],
    "a folder where nobody looks for it": [("40000", "b", "tree"), ("100644", "a", "1")],
}


@pytest.mark.parametrize("entries", HOSTILE.values(), ids=HOSTILE)
def test_trees_that_no_git_writes_hide_nothing(
    shared: Path, entries: list[tuple[str, str, str]]
) -> None:
    oids = {text: git(shared, "hash-object", "-w", "--stdin", data=text.encode()) for text in "12"}
    plain = {"a": ("1", "100644")}
    before, inner = _tree(shared, plain), _tree(shared, plain | {".gitattributes": ("2", "100644")})
    oids |= {"tree": inner, "commit": git(shared, "commit-tree", before, "-m", "one")}
    content = b"".join(
        f"{mode} {name}\0".encode() + bytes.fromhex(oids[what]) for mode, name, what in entries
    )
    after = git(shared, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", data=content)
    with Git(shared).objects() as store:
        found = {change.path for change in store.changes(before, after)}
        back = {change.path for change in store.changes(after, before)}
        marked = {entry.path for entry in store.marked(after)}
        assert not store.changes(after, after)
    raw = Git(shared).run("diff-tree", "-r", "-z", "--name-only", before, after).fields
    assert found == set(raw)
    assert back == found
    listed = Git(shared).run("ls-tree", "-r", "-z", after).fields
    submodules = {line.split("\t")[1] for line in listed if line.startswith(SUBMODULE)}
    attributes = {line.split("\t")[1] for line in listed if line.endswith(".gitattributes")}
    assert marked == submodules | attributes


def test_few_trees_that_stand_for_any_number_of_files_cost_little(
    make_scratch: MakeScratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace.store._MOST_CHANGES", 500)
    monkeypatch.setattr("workspace.store._MOST_MARKED", 500)
    scratch = make_scratch(remote=False)
    blob = git(scratch.top, "hash-object", "-w", "--stdin", data=b"x")
    tree = git(scratch.top, "mktree", data=f"100644 blob {blob}\t.gitattributes\n".encode())
    for _ in range(12):
        entries = "".join(f"040000 tree {tree}\t{n}\n" for n in range(10))
        tree = git(scratch.top, "mktree", data=entries.encode())
    with scratch.repository.git.objects() as store:
        with pytest.raises(GitError, match="differs in more than 500 paths"):
            store.changes("", tree)
        with pytest.raises(GitError, match="more than 500 such files"):
            store.marked(tree)


def test_submodules_are_found_in_any_folder(make_scratch: MakeScratch) -> None:
    scratch = make_scratch(remote=False)
    head = scratch.git("rev-parse", "HEAD")
    scratch.git("update-index", "--add", "--cacheinfo", f"160000,{head},deep/er/sub")
    scratch.git("update-index", "--add", "--cacheinfo", f"160000,{head},again/er/sub")
    tree = scratch.git("write-tree")
    with scratch.repository.git.objects() as store:
        found = [one.path for one in store.marked(tree) if one.mode == SUBMODULE]
        assert found == [one.path for one in store.marked(tree)]
    assert sorted(found) == ["again/er/sub", "deep/er/sub"]


MESSAGES = (
    "plain",
    "Task: A\nAttempt: 1\nMission: TASKS.md",
    "Squash\r\n\r\nTask: B\r\nAttempt: 2\r\n",
    'Revert "A: x"\n\nThis reverts commit 0123456789abcdef0123456789abcdef01234567.',
    "\n\n Task: C\nAttempt: 1\n",
    "Größe\n\nTask: Ü\nAttempt: 3",
)


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1"])
def test_the_newest_commits_say_the_same_either_way(
    make_scratch: MakeScratch, encoding: str
) -> None:
    scratch = make_scratch(remote=False)
    asked, start = scratch.repository.git, scratch.git("rev-parse", "HEAD")
    for message in MESSAGES:
        settings = ("-c", f"i18n.commitEncoding={encoding}")
        kind = ("commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-F-")
        git(scratch.top, *settings, *kind, data=message.encode(encoding))
    said = base_log.read_after(asked, start, "HEAD")
    assert said == base_log.read(asked, f"{start}..HEAD")
    assert len(said) == 4  # all but the plain one, and one that only looks like a merge


def _kept(top: Path) -> Git:
    return Git(top).keeping(top / ".git", top / ".git")


def _tree(top: Path, files: dict[str, tuple[str, str]]) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_INDEX_FILE", str(top / ".git" / "scratch-index"))
        git(top, "read-tree", "--empty")
        for path, (content, mode) in files.items():
            blob = git(top, "hash-object", "-w", "--stdin", data=content.encode())
            git(top, "update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}")
        return git(top, "write-tree")


def _children(word: str) -> list[int]:
    """Our own processes with this word in their argv."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            argv = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            parent = (folder / "stat").read_text().rpartition(") ")[2].split()[1]
        except OSError:
            continue
        if word in argv and int(parent) == os.getpid():
            found.append(int(folder.name))
    return found
