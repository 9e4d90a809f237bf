"""Where attempts begin: on branches that were there before, after a retry, after a conflict."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.asking import ask
from mission.journal import RequestKind
from tests.scratch import START, Scratch, make, row
from workspace.git import Git

pytestmark = pytest.mark.timeout(240)

# Tells what it finds, and with which brief; ends as the test says.
WORKS = (
    START
    + """
import sys
with open({ledger!r}, "a") as ledger:
    found = sorted(path.name for path in pathlib.Path().glob("*.txt"))
    print(json.dumps([task, found, pathlib.Path(os.environ["MISSION_BRIEF"]).read_text()]),
          file=ledger)
attempt = os.environ["MISSION_ATTEMPT"]
write(f"{{task}}-{{attempt}}.txt", task)
{more}
"""
)


def begin(folder: Path, *rows: str, more: str = "") -> Scratch:
    worker = WORKS.format(ledger=str(folder / "ledger"), more=more)
    return make(folder, rows, worker=worker, config={"tasks": {"A": {"max_attempts": 1}}})


def told(folder: Path) -> list[tuple[str, list[str], str]]:
    """Of each start of an agent: the row, the files that it found, its brief."""
    ledger = folder / "ledger"
    return [tuple(json.loads(line)) for line in ledger.read_text().splitlines() if ledger.exists()]


def commit(top: Path, branch: str, name: str, text: str, *, start: str = "main") -> str:
    """A commit of Ann's on a branch, in a clone of hers."""
    git = Git(top)
    git.run("switch", "--quiet", "-C", branch, start)
    (top / name).write_text(text)
    git.run("add", name)
    git.run("-c", "user.name=Ann", "-c", "user.email=ann@x.invalid", "commit", "-qm", f"Add {name}")
    return git.text("rev-parse", "HEAD")


def clone_of(scratch: Scratch, folder: Path) -> Path:
    top = folder / "anns"
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@x.invalid")
    Git(folder).run("clone", "--quiet", *who, str(scratch.remote), str(top))
    return top


def unblock(scratch: Scratch, task: str, kind: RequestKind = RequestKind.UNBLOCK) -> None:
    assert ask(str(scratch.task_file), kind, task).status == "not-started"


def files(scratch: Scratch) -> set[str]:
    return set(Git(scratch.remote).text("ls-tree", "--name-only", "main").split())


@pytest.mark.parametrize("pushed", [True, False])
def test_a_branch_that_somebody_else_began_waits_for_a_word(tmp_path: Path, pushed: bool) -> None:
    """Nothing is paid before; unblocking alone says nothing."""
    scratch = begin(tmp_path, row("A"), row("B"))
    top = clone_of(scratch, tmp_path) if pushed else scratch.top
    for branch in ("feat/a", "feat/b"):
        theirs = commit(top, branch, "anns.txt", branch)
    if pushed:
        Git(top).run("push", "--quiet", "origin", "feat/a", "feat/b")
    scratch.git.run("switch", "--quiet", "main")
    assert scratch.run().blocked == ("A", "B")
    unblock(scratch, "A")
    assert scratch.run().blocked == ("A", "B")
    assert not (tmp_path / "ledger").exists()
    note = scratch.notes("A")
    assert "feat/a holds a commit that no attempt made, by Ann <ann@x.invalid>" in note
    for kind, task in ((RequestKind.UNBLOCK_KEEP, "A"), (RequestKind.UNBLOCK_ANEW, "B")):
        assert f"`mission {kind.value.replace(' ', f' {task} ')}`" in scratch.notes(task)
        unblock(scratch, task, kind)
    assert scratch.run().exit_code == 0
    found = {task: names for task, names, _ in told(tmp_path)}
    assert found == {"A": ["anns.txt"], "B": []}
    assert Git(scratch.remote).text("show", "main:anns.txt") == "feat/a"
    kept = scratch.git.text("for-each-ref", "--format=%(objectname)", "refs/mission-runner/kept")
    assert kept == theirs


def test_a_branch_that_holds_nothing_of_its_own_is_in_nobodys_way(tmp_path: Path) -> None:
    scratch = begin(tmp_path, row("A"))
    scratch.git.run("branch", "feat/a", "main")
    scratch.git.run("push", "--quiet", "origin", "feat/a")
    assert scratch.run().exit_code == 0


FAILS_FIRST = """
if attempt == "1":
    git("add", "-A"); git("-c", "user.name=w", "-c", "user.email=w@x", "commit", "-qm", "half")
    write("left.txt", "not committed")
    sys.exit(3)
"""


@pytest.mark.parametrize("kind", [RequestKind.RETRY, RequestKind.RETRY_KEEP])
def test_a_retry_begins_on_the_base_or_goes_on(tmp_path: Path, kind: RequestKind) -> None:
    scratch = begin(tmp_path, row("A"), more=FAILS_FIRST)
    assert scratch.run().failed == ("A",)
    commit(scratch.top, "main", "newer.txt", "newer", start="main")
    scratch.git.run("push", "--quiet", "origin", "main")
    ask(str(scratch.task_file), kind, "A", note="mind the gap")
    assert scratch.run().exit_code == 0
    _, found, brief = told(tmp_path)[-1]
    assert "mind the gap" in brief
    left = ["A-1.txt", "left.txt"]
    if kind is RequestKind.RETRY_KEEP:
        assert found == left
        assert "What it left is in this folder" in brief
    else:
        assert found == ["newer.txt"]
        assert "begin anew" in brief
        [kept] = scratch.git.text(
            "for-each-ref", "--format=%(refname)", "refs/mission-runner/kept"
        ).split()
        tree = scratch.git.text("ls-tree", "--name-only", kept)
        assert set(left) <= set(tree.split())
    assert ("left.txt" in files(scratch)) == (kind is RequestKind.RETRY_KEEP)


CONFLICTS = """
if task == "A":
    write("same.txt", "of A")
else:
    write("same.txt", f"of {task}"); write(f"{task}.txt", task)
"""


BLOCKED = """
if attempt == "1":
    git("add", "--all")
    git("-c", "user.name=W", "-c", "user.email=w@x.invalid", "commit", "-qm", "half of it")
    print(json.dumps({"outcome": "blocked", "summary": "no key"}))
"""


def test_anew_keeps_what_no_folder_holds_any_more(tmp_path: Path) -> None:
    """A person, or another machine's end, took the folder; the branch has all that was done."""
    scratch = begin(tmp_path, row("A"), more=BLOCKED)
    assert scratch.run().blocked == ("A",)
    half = scratch.git.text("rev-parse", "feat/a")
    assert scratch.git.text("log", "-1", "--format=%s", half) == "half of it"
    _, folder = scratch.git.text("worktree", "list").split("\n")
    scratch.git.run("worktree", "remove", "--force", folder.split()[0])
    theirs = commit(scratch.top, "feat/a", "anns.txt", "hers", start="feat/a")
    scratch.git.run("switch", "--quiet", "main")
    unblock(scratch, "A", RequestKind.UNBLOCK_ANEW)
    assert scratch.run().exit_code == 0
    assert [found for _, found, _ in told(tmp_path)] == [[], []]
    kept = scratch.git.text("for-each-ref", "--format=%(objectname)", "refs/mission-runner/kept")
    assert kept.split() == [theirs]


def resolve_by_merge(top: Path) -> None:
    Git(top).run("merge", "--quiet", "origin/main", check=False)
    (top / "same.txt").write_text("of both")
    Git(top).run("commit", "--quiet", "--all", "-m", "Merge")


def resolve_by_rebase(top: Path) -> None:
    Git(top).run("rebase", "--quiet", "origin/main", check=False)
    (top / "same.txt").write_text("of both")
    Git(top).run("add", "same.txt")
    Git(top).run("-c", "core.editor=true", "rebase", "--continue")


def resolve_by_reset(top: Path) -> None:
    Git(top).run("reset", "--quiet", "--hard", "origin/main")
    (top / "same.txt").write_text("of both")
    Git(top).run("commit", "--quiet", "--all", "-m", "Both")


@pytest.mark.parametrize("resolve", [resolve_by_merge, resolve_by_rebase, resolve_by_reset])
@pytest.mark.parametrize("where", ["worktree", "worktree, pushed", "clone, pushed"])
def test_a_conflict_that_a_person_resolved_is_taken(
    tmp_path: Path, resolve: Callable[[Path], None], where: str
) -> None:
    """As people resolve them; nobody is paid again."""
    scratch = begin(tmp_path, row("A"), row("B"), more=CONFLICTS)
    assert scratch.run(slots=2).exit_code == 1
    [task] = [task for task, status in scratch.statuses().items() if status == "blocked"]
    branch = f"feat/{task.lower()}"
    with scratch.journal() as journal:
        last = journal.last_attempt(task)
        assert last is not None
        place = Path(str(last.worktree))
    assert str(place) in scratch.notes(task)
    if where.startswith("clone"):
        place = clone_of(scratch, tmp_path)
        Git(place).run("switch", "--quiet", branch)
    Git(place).run("fetch", "--quiet", "origin")
    resolve(place)
    if where.endswith("pushed"):
        Git(place).run("push", "--quiet", "--force", "origin", branch)
    unblock(scratch, task)
    assert scratch.run().exit_code == 0
    assert len(told(tmp_path)) == 2
    assert Git(scratch.remote).text("show", "main:same.txt") == "of both"


def test_what_a_person_has_not_finished_is_named(tmp_path: Path) -> None:
    scratch = begin(tmp_path, row("A"), row("B"), more=CONFLICTS)
    scratch.run(slots=2)
    [task] = [task for task, status in scratch.statuses().items() if status == "blocked"]
    with scratch.journal() as journal:
        place = Path(str(journal.attempts(task)[-1].worktree))
    Git(place).run("merge", "--quiet", "origin/main", check=False)
    unblock(scratch, task)
    assert scratch.run().exit_code == 1
    assert f"a merge is unfinished in {place}" in scratch.notes(task)
    Git(place).run("merge", "--abort")
    (place / "more.txt").write_text("more")
    unblock(scratch, task)
    assert scratch.run().exit_code == 1
    assert f"{place} holds what is not committed: more.txt" in scratch.notes(task)
    assert len(told(tmp_path)) == 2
