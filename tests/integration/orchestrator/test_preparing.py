"""What a folder needs before somebody can work in it: brought, made, and nobody's work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from mission.config import WorktreeConfig
from tests.scratch import START, Scratch, make, row

ROOT = Path(__file__).parents[3]
IGNORED = ".env\ncache\nmade/\nkept/\nsecrets/\n"
WORK = "write(f'{task}.txt', 'work')"


def python(text: str) -> list[str]:
    return [sys.executable, "-S", "-c", START + text]


def mission(
    folder: Path, worktree: dict[str, object], *, rows: int = 1, does: str = WORK, check: str = ""
) -> Scratch:
    names = ["A", "B", "C"][:rows]
    table = [row(one, after=before) for one, before in zip(names, ["—", *names], strict=False)]
    scratch = make(
        folder,
        table,
        worker=START + does,
        config={
            "worktree": worktree,
            "verify": [{"name": "check", "run": python(check)}],
        },
    )
    (scratch.top / ".gitignore").write_text(IGNORED)
    git = scratch.git
    git.run("add", ".gitignore")
    git.run("-c", "user.name=P", "-c", "user.email=p@x", "commit", "-qm", "ignore")
    git.run("push", "-q", "origin", "HEAD:main")
    (scratch.top / ".env").write_text("SECRET=1")
    (scratch.top / "cache").mkdir()
    (scratch.top / "secrets/in").mkdir(parents=True)
    (scratch.top / "secrets/in/key").write_text("key")
    return scratch


def test_agents_and_checks_find_the_same_and_none_of_it_lands(tmp_path: Path) -> None:
    ready = (
        "assert open('.env').read() == 'SECRET=1' and open('secrets/in/key').read() == 'key';"
        "assert open('made/by').read() == 'prepare';"
        "assert pathlib.Path('cache').is_symlink();"
    )
    count = "pathlib.Path('cache/runs').open('a').write('p'); write('made/by', 'prepare')"
    worktree = {
        "prepare": [{"run": python(count), "timeout": "1m"}],
        "copy": [".env", "secrets/in"],
        "link": ["cache"],
    }
    scratch = mission(tmp_path, worktree, rows=2, does=ready + WORK, check=ready)
    assert scratch.run().exit_code == 0, [scratch.notes(one) for one in "AB"]
    assert scratch.merged() == ["A", "B"]
    # Each row's worktree, and each verified checkout.
    assert (scratch.top / "cache/runs").read_text() == "pppp"
    landed = scratch.git.text("ls-tree", "-r", "--name-only", "origin/main").split()
    assert {"A.txt", "B.txt"} <= set(landed)
    assert not {".env", "cache", "made/by", "secrets/in/key"} & set(landed)


def test_it_is_prepared_once_however_often_its_agent_comes_back(tmp_path: Path) -> None:
    worktree = {
        "prepare": [{"run": python("pathlib.Path('cache/runs').open('a').write('p')")}],
        "link": ["cache"],
    }
    does = (
        "if not os.path.exists('cache/tried'):\n"
        "    write('cache/tried', ''); raise SystemExit(9)\n" + WORK
    )
    scratch = mission(tmp_path, worktree, does=does)
    scratch.run()
    if scratch.statuses() != {"A": "done"}:
        scratch.edit("| failed |", "| not-started |")
        scratch.run()
    assert (scratch.top / "cache/tried").exists()
    assert scratch.statuses() == {"A": "done"}
    assert (scratch.top / "cache/runs").read_text() == "pp"  # the worktree, and the checkout


def test_what_is_kept_is_there_for_the_next_agent_and_for_no_check(tmp_path: Path) -> None:
    does = "write('kept/by', task) if task == 'A' else os.stat('kept/by'); write('left', ''); "
    scratch = mission(
        tmp_path,
        {"keep": ["kept"]},
        rows=2,
        does=does + WORK,
        check="assert not os.path.exists('kept')",
    )
    assert scratch.run().exit_code == 0, scratch.notes("B")


@pytest.mark.parametrize(
    ("worktree", "told"),
    [
        ({"copy": ["nowhere"]}, "there is no nowhere in"),
        ({"copy": ["out"]}, "leads to"),
        ({"copy": ["shown"]}, "git does not ignore shown"),
        ({"link": ["made"]}, "git does not ignore made"),  # `made/` means folders alone
        ({"prepare": [{"run": python("write('loud', '')")}]}, "left loud, which git would take"),
        ({"prepare": [{"run": python("print('why'); 1 / 0")}]}, "failed with exit code 1"),
        (
            {"prepare": [{"run": ["sleep", "60"], "timeout": "1s"}]},
            "the preparation sleep 60 ended by total",
        ),
    ],
)
def test_what_cannot_be_prepared_holds_its_row_and_leaves_nothing(
    tmp_path: Path, worktree: dict[str, object], told: str
) -> None:
    scratch = mission(tmp_path, worktree)
    (scratch.top / "made").mkdir()
    (scratch.top / "shown").write_text("x")
    (scratch.top / "out").symlink_to(tmp_path)
    assert scratch.run().blocked == ("A",)
    assert told in scratch.notes("A")
    assert scratch.merged() == []
    with scratch.journal() as journal:
        attempt = journal.last_attempt("A")
        assert attempt is not None
        assert not (Path(attempt.worktree or "") / "A.txt").exists()  # nobody was asked
        for name in ("shown", "out", "made"):
            assert not (Path(attempt.worktree or "") / name).exists()


def test_what_is_not_there_to_be_brought_is_told_before(tmp_path: Path) -> None:
    scratch = mission(tmp_path, {"copy": [".env", "nowhere"], "link": ["cache"]})
    told = json.loads(check(scratch))
    (one,) = told["findings"]
    assert (one["rule"], one["severity"]) == ("missing-file", "warning")
    assert one["message"].startswith("worktree.copy[1]: nowhere is not in ")


def check(scratch: Scratch) -> str:
    argv = [sys.executable, "-m", "cli.main", "check", str(scratch.task_file), "--json"]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_branch_that_breaks_the_preparation_does_not_land(tmp_path: Path) -> None:
    command = python(
        "exec(pathlib.Path('setup.py').read_text()) if os.path.exists('setup.py') else 0"
    )
    scratch = mission(
        tmp_path, {"prepare": [{"run": command}]}, does=WORK + "; write('setup.py', '1 / 0')"
    )
    assert scratch.run().failed == ("A",)
    assert "ZeroDivisionError" in scratch.notes("A")


def test_nothing_is_written_through_a_link_that_an_agent_made(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    does = (
        "import shutil; os.unlink('.gitignore'); shutil.rmtree('secrets');"
        f"os.symlink({str(outside)!r}, 'secrets')"
    )
    scratch = mission(tmp_path, {"copy": ["secrets/in"]}, does=does)
    assert scratch.run().blocked == ("A",)
    assert "is no folder" in scratch.notes("A")
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../x", "a/../../x", "", ".", "a//b", ".git/config", "a/.GIT/x", "a\nb"]
)
@pytest.mark.parametrize("key", ["copy", "link", "keep"])
def test_no_path_leaves_the_repository(key: str, path: str) -> None:
    with pytest.raises(ValidationError, match=r"not a path inside|git's own"):
        WorktreeConfig.model_validate({key: [path]})
