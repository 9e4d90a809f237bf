"""From a repository without a mission to its first finished row, typing only what is printed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from tasks_md.parse import read
from tests.terminal import on_terminal
from workspace.git import Git

SCREEN = (24, 80)
# Codex's program, as far as this needs it: it does what the first row asks for, and says so.
CODEX = """\
#!{python}
import json, pathlib, sys
if "--version" in sys.argv:
    print("codex-cli 0.40.0")
    raise SystemExit
sys.stdin.read()
pathlib.Path("README.md").write_text("Run the tests with `make test`.\\n")
print(json.dumps({{"type": "thread.started", "thread_id": "0199"}}), flush=True)
print(json.dumps({{"type": "turn.started"}}), flush=True)
message = {{"id": "item_0", "type": "agent_message", "text": "It is in README.md."}}
print(json.dumps({{"type": "item.completed", "item": message}}), flush=True)
usage = {{"input_tokens": 10, "cached_input_tokens": 0, "output_tokens": 5}}
print(json.dumps({{"type": "turn.completed", "usage": usage}}), flush=True)
"""


def test_only_what_is_printed_is_typed_until_the_first_row_is_done(tmp_path: Path) -> None:
    programs, home, folder = (tmp_path / name for name in ("programs", "person", "Our shop"))
    for made in (programs, home / ".codex", folder):
        made.mkdir(parents=True)
    (programs / "codex").write_text(CODEX.format(python=sys.executable))
    (programs / "codex").chmod(0o755)
    (home / ".codex" / "auth.json").write_text("{}")
    (home / ".gitconfig").write_text("[user]\n\tname = Ann\n\temail = ann@example.org\n")
    kept = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
    environment = kept | {
        "HOME": str(home),
        "MISSION_HOME": str(tmp_path / "home"),
        "PATH": os.pathsep.join([str(programs), str(Path(sys.executable).parent), kept["PATH"]]),
    }
    git = Git(folder)
    git.run("init", "--quiet", "--initial-branch", "trunk")
    (folder / "Makefile").write_text("test:\n\ttest -e Makefile\n")
    git.run("add", "--all")
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    git.run(*identity, "commit", "--quiet", "-m", "Begin")

    def typed(*words: str, code: int = 0) -> str:
        with on_terminal(*words, folder=folder, environment=environment, size=SCREEN) as shown:
            assert shown.end() == code, shown.printed
            assert "Traceback" not in shown.printed
            return shown.printed.replace("\r\n", "\n")

    try:
        assert "`mission init`" in typed("status", code=2)
        began = typed("init", "--yes")
        assert len(began.splitlines()) <= 24
        for line in re.findall(r"^ +(?:\d\. )?(git .+)$", began, re.MULTILINE):
            subprocess.run(shlex.split(line), cwd=folder, env=environment, check=True)
        assert git.text("status", "--porcelain") == ""
        offered = re.findall(r"^ +\d\. mission ((?:run)(?: --dry-run)?)\b", began, re.MULTILINE)
        assert offered == ["run --dry-run", "run"]
        assert "no errors" in typed("check")
        assert "M1-01" in typed(*shlex.split(offered[0]))
        assert "M1-01" in typed(*shlex.split(offered[1]))
        assert {task.id: task.status for task in read(folder / "TASKS.md").tasks} == {
            "M1-01": "done"
        }
        assert "make test" in git.text("show", "trunk:README.md")
        assert "1 of 1 tasks done" in typed("status")
    finally:
        typed("server", "stop")
