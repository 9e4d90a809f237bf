"""`worktree.submodules`: agents and checks find them filled, from where people have agreed to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mission.place import Place
from orchestrator.soundness.soundness import examine
from tests.scratch import START, Scratch, make, row
from workspace.git import Git

PERSON = ("-c", "user.name=P", "-c", "user.email=p@x", "-c", "protocol.file.allow=always")
HAS_BOTH = "assert open('vendor/lib/lib.txt').read() == 'lib'; assert open('other/lib.txt').read();"
HAS_ONE = "assert open('vendor/lib/lib.txt').read() == 'lib'; assert not os.listdir('other');"


def library(folder: Path, text: str = "lib") -> Path:
    """A bare repository with one file."""
    made = folder / "own"
    made.mkdir(parents=True)
    git = Git(made)
    git.run("init", "--quiet", "--initial-branch=main")
    (made / "lib.txt").write_text(text)
    git.run("add", "--all")
    git.run(*PERSON, "commit", "--quiet", "--message", "lib")
    git.run("clone", "--quiet", "--bare", str(made), str(folder / "library.git"))
    return folder / "library.git"


def mission(
    folder: Path, submodules: object, *, rows: int = 1, does: str = "", check: str = ""
) -> Scratch:
    """With a library in `vendor/lib`, from beside the remote, and in `other`, from elsewhere."""
    library(folder)
    step = [sys.executable, "-S", "-c", START + check]
    scratch = make(
        folder,
        [row(one, after=before) for one, before in zip("ABC"[:rows], "—ABC", strict=False)],
        worker=f"{START}{does}\nwrite(f'{{task}}.txt', 'work')",
        config={
            "worktree": {"submodules": submodules},
            "verify": [{"name": "check", "run": step}],
        },
    )
    git = scratch.git
    git.run(*PERSON, "submodule", "--quiet", "add", "../library.git", "vendor/lib")
    git.run(*PERSON, "submodule", "--quiet", "add", str(folder / "library.git"), "other")
    git.run(*PERSON, "commit", "--quiet", "--message", "libraries")
    git.run("push", "--quiet", "origin", "HEAD:main")
    # As in a clone that was made without them.
    for name in ("vendor/lib", "other"):
        git.run("submodule", "--quiet", "deinit", "--force", name)
    return scratch


def test_each_worktree_and_each_checkout_has_them_as_they_are_committed(tmp_path: Path) -> None:
    does = HAS_BOTH + (
        "write('vendor/lib/made', 'left'); write('other/lib.txt', 'changed');"
        "git('-C', 'other', 'config', 'core.hooksPath', '/nowhere');"
        "git('-C', 'other', 'checkout', '--quiet', '--force', 'HEAD'); os.unlink('vendor/lib/made')"
    )
    check = HAS_BOTH + "assert not git('-C', 'other', 'config', '--default=', 'core.hooksPath')"
    scratch = mission(tmp_path, True, rows=2, does=does, check=check)
    before = scratch.git.text("rev-parse", "HEAD")
    assert scratch.run().exit_code == 0, [scratch.notes(one) for one in "AB"]
    assert scratch.merged() == ["A", "B"]
    changed = scratch.git.text("diff", "--name-only", before, "origin/main").split()
    assert {"A.txt", "B.txt", "plan/TASKS.md"} == set(changed)


def test_those_that_are_named_are_filled_and_no_others(tmp_path: Path) -> None:
    scratch = mission(tmp_path, ["vendor/lib"], does=HAS_ONE, check=HAS_ONE)
    assert scratch.run().exit_code == 0, scratch.notes("A")


def test_what_a_person_has_set_says_where_one_comes_from(tmp_path: Path) -> None:
    scratch = mission(tmp_path, True, does=HAS_BOTH, check=HAS_BOTH)
    (tmp_path / "library.git").rename(tmp_path / "mirror.git")
    for name in ("vendor/lib", "other"):
        scratch.git.run("config", f"submodule.{name}.url", str(tmp_path / "mirror.git"))
    assert scratch.run().exit_code == 0, scratch.notes("A")


def test_a_branch_does_not_say_where_they_come_from(tmp_path: Path) -> None:
    """Nor what is run for them: its `.gitmodules` is not read, and one that is new is not had."""
    theirs = library(tmp_path / "theirs", "planted")
    allow = "'-c', 'protocol.file.allow=always'"
    does = (
        "if task == 'A':\n    named = ('config', '-f', '.gitmodules');"
        f"git(*named, 'submodule.other.url', {str(theirs)!r});"
        "git(*named, 'submodule.other.update', '!touch ran');"
        "git('config', 'submodule.other.update', '!touch ran')\n"
        f"else:\n    git({allow}, 'submodule', '--quiet', 'add', {str(theirs)!r}, 'new')\n"
    )
    scratch = mission(tmp_path, True, rows=2, does=does, check=HAS_BOTH)
    scratch.edit("| feat/b | A |", "| feat/b | — |")  # which does not wait for A
    scratch.run()
    assert scratch.statuses() == {"A": "needs-qa", "B": "blocked"}
    assert "it changes .gitmodules" in scratch.notes("A")
    assert "the base does not say where the submodule new comes from" in scratch.notes("B")
    assert not list(tmp_path.rglob("ran"))
    # As the hint says; a person looks at it all the same.
    scratch.git.run("config", "submodule.new.url", str(theirs))
    scratch.edit("| blocked |", "| not-started |")
    scratch.run()
    assert scratch.statuses()["B"] == "needs-qa", scratch.notes("B")


@pytest.mark.parametrize("named", ["vendor/lip", "plan"])
def test_a_folder_that_is_no_submodule_is_found_before(tmp_path: Path, named: str) -> None:
    scratch = mission(tmp_path, [named, "other"])
    (found,) = examine(Place.find(str(scratch.task_file))).findings
    assert (found.rule, found.line > 0) == ("unknown-submodule", True)
    assert found.message == f"worktree.submodules[0]: {named} is no submodule of the base"
    assert "There are: other, vendor/lib" in found.hint
