"""Agents that deceive the runner, on purpose or in confusion: nothing merges that was not verified,
and nothing is written outside of the repository."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from watchfiles import watch

from orchestrator.ports.display import RecordingDisplay
from tests.scratch import START, make, row
from workspace.git import Git
from workspace.process import Stop

CODE = "import pathlib; raise SystemExit('bad' in pathlib.Path('README.md').read_text())"
VERIFY: dict[str, object] = {
    "verify": [{"name": "good", "run": [sys.executable, "-S", "-c", CODE]}]
}


@dataclass(kw_only=True, slots=True)
class StopsAtDone(RecordingDisplay):
    """Stops the run when a row is done."""

    stop: Stop

    def say(self, text: str) -> None:
        if ": done" in text:
            self.stop.request("a row is done")


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_files_that_are_not_what_was_committed_vouch_for_nothing(tmp_path: Path, flag: str) -> None:
    worker = START + (
        "write('README.md', 'bad')\n"
        "git('commit', '-q', '-a', '-m', 'work')\n"
        f"git('update-index', '{flag}', 'README.md')\n"
        "write('README.md', 'scratch')\n"
    )
    scratch = make(tmp_path, [row("A")], worker=worker, config=VERIFY)
    assert scratch.run().failed == ("A",)
    assert Git(scratch.remote).text("show", "main:README.md") == "scratch"


def test_a_commit_that_poses_as_another_row_s_merge_is_not_pushed(tmp_path: Path) -> None:
    """Who merges it by hand would make that row done. What the base brought is no such commit."""
    worker = START + (
        "write(task, os.environ['MISSION_ATTEMPT'])\n"
        "git('add', '--all')\n"
        "said = 'B: Do B.\\n\\nTask: B\\nAttempt: 1\\nMission: plan/TASKS.md'\n"
        "git('commit', '-q', '-m', said if task == 'A' else 'work')\n"
        "os.environ['GIT_CONFIG_GLOBAL'] = os.devnull\n"
        "if task == 'C':\n"
        "    url, clone = git('remote', 'get-url', 'origin'), ('-C', '../clone')\n"
        "    git('clone', '-q', url, '../clone')\n"
        "    person = ('-c', 'user.name=P', '-c', 'user.email=p@x')\n"
        "    merged = said.replace('B', 'Z')\n"
        "    git(*clone, *person, 'commit', '-q', '--allow-empty', '-m', merged)\n"
        "    git(*clone, 'push', '-q')\n"
        "    git('pull', '-q', '--no-rebase', url, 'main')\n"
    )
    scratch = make(tmp_path, [row("A"), row("B", after="A"), row("C")], worker=worker)
    scratch.run()
    assert scratch.statuses() == {"A": "failed", "B": "not-started", "C": "done"}
    assert "says that it merges B" in scratch.notes("A")
    assert Git(scratch.remote).commit("refs/heads/feat/a") is None


@pytest.mark.parametrize("remote", ["origin", "none"])
def test_an_agent_that_switched_to_the_base_does_not_move_it(tmp_path: Path, remote: str) -> None:
    worker = START + "git('symbolic-ref', 'HEAD', 'refs/heads/main'); write('README.md', 'bad')"
    scratch = make(tmp_path, [row("A")], worker=worker, config={**VERIFY, "remote": remote})
    begin = scratch.git.text("rev-parse", "main")
    assert scratch.run().failed == ("A",)
    assert (
        scratch.git.text("log", "--format=%s", f"{begin}..main") == "Update the status of scratch"
    )
    assert scratch.git.text("show", "main:README.md") == "scratch"
    assert scratch.git.text("show", "feat/a:README.md") == "bad"


REPORTS = {
    "link": "os.symlink({outside!r}, 'plan/reports')",
    "dangling": "os.symlink({outside!r} + '/none', 'plan/reports')",
    "file": "write('plan/reports', 'x')",
    "planted": "os.mkdir('plan/reports'); os.symlink({outside!r} + '/x', 'plan/reports/.B.md.new')",
    "folder": "os.makedirs('plan/reports/B.md'); write('plan/reports/B.md/x', 'x')",
}


@pytest.mark.parametrize("kind", REPORTS)
def test_reports_stay_beside_the_task_file(tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    trap = REPORTS[kind].format(outside=str(outside))
    worker = START + f"if task == 'A': {trap}\nprint('said')"
    scratch = make(tmp_path, [row("A"), row("B", after="A", branch="—")], worker=worker)
    end = scratch.run()
    assert list(outside.iterdir()) == []
    if kind == "planted":
        assert end.exit_code == 0
        assert (scratch.top / "plan" / "reports" / "B.md").read_text().endswith("said\n")
    else:
        assert end.blocked == ("B",)
        assert "the report cannot be kept" in scratch.notes("B")


def test_what_is_pushed_is_what_was_verified_whatever_git_is_told_to_show(tmp_path: Path) -> None:
    worker = START + (
        "write('README.md', 'bad')\n"
        "git('commit', '-q', '-a', '-m', 'work')\n"
        "git('replace', git('rev-parse', 'HEAD:README.md'), git('rev-parse', 'HEAD~:README.md'))\n"
        "os.unlink('README.md')\n"
        "git('reset', '-q', '--hard')\n"
        "write('more.txt', 'work')\n"
        "git('add', 'more.txt')\n"
        "git('commit', '-q', '-m', 'more')\n"
        "git('update-index', '--assume-unchanged', 'README.md')\n"
    )
    scratch = make(tmp_path, [row("A")], worker=worker, config=VERIFY)
    assert scratch.run().failed == ("A",)
    assert Git(scratch.remote).text("show", "main:README.md") == "scratch"


def test_a_time_beyond_all_calendars_stops_nobody_else(tmp_path: Path) -> None:
    worker = START + (
        "if task == 'A':\n"
        "    quota = {'outcome': 'quota', 'summary': 'x', 'retry_at': '9999-12-31T23:59:59Z'}\n"
        "    print(json.dumps(quota))\n"
        "else:\n"
        "    write('b.txt', 'b')\n"
    )
    scratch = make(tmp_path, [row("A"), row("B", agent="other")], worker=worker)
    stop = Stop()
    display = StopsAtDone(stop=stop)
    assert scratch.run(stop=stop, display=display).exit_code == 130
    assert scratch.statuses() == {"A": "in-progress", "B": "done"}


def test_words_that_no_file_can_hold_stop_nobody_else(tmp_path: Path) -> None:
    worker = START + (
        "said = {'outcome': 'success', 'summary': 'a\\ud800\\0 \\u202e', 'answer': 'b\\ud800\\0'}\n"
        "said['outcome'] = 'blocked' if task == 'A' else 'success'\n"
        "print(json.dumps(said))\n"
        "if task == 'C': write('c.txt', 'c')\n"
    )
    rows = [row("A"), row("B", branch="—"), row("C")]
    scratch = make(tmp_path, rows, worker=worker)
    scratch.run()
    assert scratch.statuses() == {"A": "blocked", "B": "done", "C": "done"}
    assert "\u202e" not in scratch.task_file.read_text(encoding="utf-8")
    report = (scratch.top / "plan" / "reports" / "B.md").read_text(encoding="utf-8")
    assert report.endswith("b\ufffd\ufffd\n")


SETTINGS = {
    "remote": "git('remote', 'set-url', 'origin', {trap!r})",
    "hook": "hook('hooks/pre-push')",
    "hooks folder": "git('config', 'core.hooksPath', '.husky'); hook('../.husky/pre-push')",
    "name": "git('config', 'user.name', 'Bot'); git('config', 'user.email', 'bot@example.org')",
    "bare": "os.environ['GIT_DIR'] = own; git('init', '-q')",
}


@pytest.mark.parametrize("change", SETTINGS)
def test_settings_that_an_agent_changes_are_its_own(tmp_path: Path, change: str) -> None:
    worker = START + (
        "own = git('rev-parse', '--path-format=absolute', '--git-common-dir')\n"
        "def hook(path):\n"
        "    made = pathlib.Path(own, path)\n"
        "    made.parent.mkdir(exist_ok=True)\n"
        f"    made.write_text('#!/bin/sh\\ntouch {tmp_path}/sprung\\n')\n"
        "    made.chmod(0o755)\n"
        f"{SETTINGS[change].format(trap=str(tmp_path / 'trap'))}\n"
        "write(f'{task}.txt', task)\n"
    )
    scratch = make(tmp_path, [row("A"), row("B", after="A")], worker=worker)
    config = scratch.top / ".git" / "config"
    before = config.read_bytes()
    assert scratch.run().exit_code == 0
    assert scratch.merged() == ["A", "B"]
    assert config.read_bytes() == before
    assert not (tmp_path / "sprung").exists()


def test_a_remote_that_an_agent_changed_is_not_merged_to(tmp_path: Path) -> None:
    other = tmp_path / "other.git"
    worker = START + (
        "url = git('remote', 'get-url', 'origin')\n"
        f"git('clone', '-q', '--bare', url, {str(other)!r})\n"
        f"top, other = {str(tmp_path / 'checkout')!r}, {str(other)!r}\n"
        "git('-C', top, 'remote', 'set-url', 'origin', other)\n"
        "write('a.txt', 'a')\n"
    )
    scratch = make(tmp_path, [row("A")], worker=worker)
    begin = Git(scratch.remote).text("rev-parse", "main")
    end = scratch.run()
    assert (end.exit_code, end.interrupted) == (1, False)  # nobody interrupted it
    assert "remote.origin.url" in end.stopped
    assert Git(other).text("rev-parse", "main") == begin
    scratch.git.run("remote", "set-url", "origin", str(scratch.remote))
    assert scratch.run().exit_code == 0  # the work was kept, the agent does not work again
    assert scratch.merged() == ["A"]
    assert Git(other).text("rev-parse", "main") == begin


def test_a_hook_that_an_agent_left_does_not_run(tmp_path: Path) -> None:
    worker = START + (
        f"hook = pathlib.Path({str(tmp_path / 'checkout')!r}, '.git', 'hooks', 'pre-push')\n"
        "hook.parent.mkdir(exist_ok=True)\n"
        f"hook.write_text('#!/bin/sh\\ntouch {tmp_path}/sprung\\n')\n"
        "hook.chmod(0o755)\n"
        "write('a.txt', 'a')\n"
    )
    scratch = make(tmp_path, [row("A")], worker=worker)
    assert "hooks/pre-push" in scratch.run().stopped
    assert not (tmp_path / "sprung").exists()
    assert scratch.run().exit_code == 0
    assert not (tmp_path / "sprung").exists()
    (kept,) = (scratch.top / ".git/mission-runner/settings-put-back").glob("*/hooks-pre-push")
    assert "sprung" in kept.read_text()  # a person was told where it is


def test_a_row_that_another_clone_has_done_is_not_done_again(tmp_path: Path) -> None:
    started = tmp_path / "started"
    worker = START + f"open({str(started)!r}, 'a').write('x')\nwrite('work.txt', 'work')\n"
    scratch = make(tmp_path, [row("A")], worker=worker)
    old = replace(scratch, top=tmp_path / "old")
    Git(tmp_path).run("clone", "--quiet", str(scratch.remote), str(old.top))
    assert scratch.run().exit_code == 0
    assert old.run().exit_code == 0
    assert old.statuses() == {"A": "done"}
    assert old.merged() == ["A"]
    assert started.read_text() == "x"


def test_of_two_clones_at_once_one_merges(tmp_path: Path) -> None:
    # The second clone does the whole mission while the first one's agent is at work.
    marks = tmp_path / "marks"
    marks.mkdir()
    worker = START + (
        "import time\n"
        f"first = pathlib.Path({str(marks)!r}, 'first')\n"
        "if not first.exists():\n"
        "    first.touch()\n"
        "    while not first.with_name('go').exists(): time.sleep(0.05)\n"
        "write(f'{os.getpid()}.txt', 'work')\n"
    )
    scratch = make(tmp_path, [row("A")], worker=worker, config={"claim": "never"})
    other = replace(scratch, top=tmp_path / "other")
    Git(tmp_path).run("clone", "--quiet", str(scratch.remote), str(other.top))
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(scratch.run)
        watched = watch(marks, stop_event=None, yield_on_timeout=True)
        while not (marks / "first").exists():
            next(watched)
        assert other.run().exit_code == 0
        (marks / "go").touch()
        assert slow.result().exit_code == 0
    assert scratch.merged() == ["A"]
    assert "meanwhile, and not by this run" in scratch.notes("A")
    assert scratch.git.text("log", "--format=%s", "feat/a", "--not", "main")  # kept


def test_a_change_of_what_the_runner_runs_waits_for_a_person(tmp_path: Path) -> None:
    worker = START + (
        "config = pathlib.Path('plan/mission.yaml')\n"
        "config.write_text(config.read_text() + 'verify: []\\n')\n"
    )
    scratch = make(tmp_path, [row("A")], worker=worker)
    assert scratch.run().needs_qa == ("A",)
    assert "plan/mission.yaml" in scratch.notes("A")
    assert scratch.merged() == []
    with scratch.journal() as journal:
        journal.submit_request("approve", "A", by="person")
    scratch.run()
    assert scratch.merged() == ["A"]


def test_a_change_of_hooks_in_the_tree_holds_that_row(tmp_path: Path) -> None:
    hook = "os.makedirs('.husky', exist_ok=True); write('.husky/pre-push', 'exit 1')"
    worker = START + f"if task == 'A': {hook}\nelse: write('b.txt', 'b')\n"
    scratch = make(tmp_path, [row("A"), row("B")], worker=worker)
    scratch.git.run("config", "core.hooksPath", ".husky")
    assert scratch.run().needs_qa == ("A",)
    assert scratch.merged() == ["B"]
    assert "changes .husky/pre-push, and git runs hooks from there" in scratch.notes("A")


def test_a_link_in_place_of_the_worktree_leads_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "private").write_text("mine")
    worker = START + (
        "import shutil\n"
        "here = os.getcwd()\n"
        "os.chdir('/')\n"
        "shutil.rmtree(here)\n"
        f"os.symlink({str(outside)!r}, here)\n"
    )
    scratch = make(tmp_path, [row("A")], worker=worker)
    assert scratch.run().failed == ("A",)
    assert "changed no file" in scratch.notes("A")  # what is looked at is a worktree made anew
    assert (outside / "private").read_text() == "mine"
    assert scratch.git.text("log", "--all", "--format=%H", "--", "private") == ""


@pytest.mark.parametrize(
    ("attributes", "waits"),
    [("*.md text eol=crlf", True), ("plan/* filter=any", True), ("*.txt eol=crlf", False)],
)
def test_attributes_of_the_task_file_wait_for_a_person(
    tmp_path: Path, attributes: str, waits: bool
) -> None:
    worker = START + f"write('.gitattributes', {attributes + chr(10)!r})"
    scratch = make(tmp_path, [row("A")], worker=worker)
    end = scratch.run()
    assert end.needs_qa == (("A",) if waits else ())
    assert (".gitattributes" in scratch.notes("A")) == waits
    assert scratch.statuses() == {"A": "needs-qa" if waits else "done"}


@pytest.mark.parametrize("where", ["a file", "a file that is gone again", "a message"])
def test_a_branch_that_holds_a_secret_of_the_run_is_not_pushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    secret = "a-token-of-the-run-0123456789"
    monkeypatch.setenv("DEPLOY_TOKEN", secret)
    monkeypatch.setenv("DATABASE_PASSWORD", "scratch")  # too ordinary to look for
    in_file, in_message = (secret, "work") if "file" in where else ("other", secret)
    worker = START + (
        f"write('saved.env', 'scratch {in_file}')\n"
        "git('add', 'saved.env')\n"
        f"git('commit', '-q', '-m', {in_message!r})\n"
    )
    if "gone" in where:
        worker += "git('rm', '-q', 'saved.env')\ngit('commit', '-q', '-m', 'away')\n"
        worker += "write('a.txt', 'a')\n"
    scratch = make(tmp_path, [row("A")], worker=worker)
    assert scratch.run().blocked == ("A",)
    assert secret not in scratch.task_file.read_text()
    assert Git(scratch.remote).text("branch", "--format=%(refname:short)") == "main"
