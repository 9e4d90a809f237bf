"""Reading a mission starts no process, asks no server, and changes no file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mission.place import Place
from tests.scratch import make, row

# Counts what leaves the process, while each way of reading is taken.
SPY = """
import contextlib, io, json, socket, subprocess, sys
from dataclasses import replace

LEAVES = {
    "subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.spawn",
    "os.system", "pty.spawn", "os.startfile",
    "socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
    "socket.gethostbyname",
}
seen, counting = [], False

def hook(event, arguments):
    if counting and event in LEAVES:
        seen.append(event)

sys.addaudithook(hook)

from cli.main import main
from dashboard.missions import Missions
from dashboard.pages.build import NAVIGATION
from dashboard.revisions import Revisions
from dashboard.site import Asked, Site
from mission.place import Place
from service.builder import Standings
from service.data import standing_data
from service.follow import follow
from service.reporting import read_report
from service.story import read_history, read_story

def command(*words):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main(words)

path = sys.argv[1]
counting = True
place = Place.find(path)
standings = Standings.shared(place)
revision = standings.current().revision
standing_data(standings.current())
list(standings.follow(over=lambda seconds: True))
told = len(list(follow(place, over=lambda seconds: True)))
read_story(place, "A").data()
read_history(place).data()
read_report(place)
for words in (["status"], ["status", "--json"], ["next"], ["graph"], ["history"], ["report"]):
    command(words[0], path, *words[1:])
command("history", path, "A")
missions = Missions.of([place])
site = Site(missions, Revisions(missions), ticket="t")
(key,) = missions
asked = [Asked(name="missions"), Asked(name="row", key=key, task="A")]
asked += [Asked(name=name, key=key) for name, _ in NAVIGATION]
pages = []
for one in asked:
    for form in ("html", "json", "txt"):
        pages.append(site.answer(replace(one, form=form)).status)
reading, seen = seen, []
subprocess.run(["true"])
with contextlib.suppress(OSError), socket.socket() as one:
    one.connect(("127.0.0.1", 9))
told = {"reading": reading, "control": sorted(set(seen)), "events": told, "pages": pages}
print(json.dumps(told))
"""


def listed(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("forge", [False, True])
def test_reading_starts_no_process_asks_no_server_and_changes_no_file(
    forge: bool, tmp_path: Path
) -> None:
    scratch = make(tmp_path, [row("A"), row("B", after="A")])
    assert scratch.run().exit_code == 0
    if forge:  # as a mission has it whose run would ask one
        file = scratch.task_file.with_name("mission.yaml")
        settings = yaml.safe_load(file.read_text())
        settings |= {"forge": {"type": "gitea"}, "gates": [{"type": "queue"}]}
        file.write_text(yaml.safe_dump(settings))
    before = listed(Place.find(str(scratch.task_file)).state_dir)
    told = subprocess.run(
        [sys.executable, "-c", SPY, str(scratch.task_file)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    found = json.loads(told.stdout.splitlines()[-1])
    assert found["reading"] == []
    assert found["control"] == ["socket.connect", "subprocess.Popen"]
    assert found["events"] > 5
    assert len(found["pages"]) > 10
    assert set(found["pages"]) == {200}
    assert listed(Place.find(str(scratch.task_file)).state_dir) == before
