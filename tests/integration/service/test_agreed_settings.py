"""Who is told, and by what program, is never said by a branch that happens to be checked out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from errors import MissionError, UsageError
from mission.config import MissionConfig
from mission.journal import Journal
from mission.place import Place
from mission.plan_copy import CopyState, write_state
from mission.told_by import keep_settings, settings_file
from service.notifying.agreed import AgreedSettings, agreed_config, handed_config
from service.notifying.trying import try_all
from service.notifying.watching import LOCK, watch
from tests.scratch import Scratch, make, row


def named(name: str) -> dict[str, object]:
    return {"notify": {"to": [{"type": "command", "name": name, "run": ["cat"]}]}}


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    """An agent's branch has other settings."""
    made = make(tmp_path, [row("A")], config=named("ours"))
    place = Place.find(str(made.task_file))
    place.keep_state()
    base = made.git.text("symbolic-ref", "HEAD")
    write_state(place, CopyState(base=base, away=False))
    made.git.run("switch", "--quiet", "--create", "agents")
    settings = place.config_file
    settings.write_text(settings.read_text().replace("ours", "theirs"))
    made.git.run("commit", "--quiet", "--all", "--message", "Tell us instead")
    return made


def names(config: MissionConfig) -> list[str]:
    return [one.called for one in config.notify.to]


def test_settings_of_another_branch_are_refused_and_those_of_the_base_taken(
    scratch: Scratch,
) -> None:
    place = Place.find(str(scratch.task_file))
    with pytest.raises(UsageError, match=r"agents is checked out, and its mission\.yaml is not"):
        agreed_config(place)
    with pytest.raises(MissionError):
        try_all(place, {})
    scratch.git.run("switch", "--quiet", "-")
    assert names(agreed_config(place)) == ["ours"]
    settings = AgreedSettings.of(place)
    scratch.git.run("switch", "--quiet", "agents")
    assert not settings.renew()
    assert names(settings.config) == ["ours"]
    scratch.git.run("switch", "--quiet", "-")
    place.config_file.write_text(place.config_file.read_text().replace("ours", "also-ours"))
    assert names(agreed_config(place)) == ["also-ours"]  # a person's edit of what the base has
    assert not settings.renew()
    scratch.git.run("commit", "--quiet", "--all", "--message", "Tell us too")
    assert settings.renew()
    assert names(settings.config) == ["also-ours"]


def test_files_of_another_branch_do_not_count_before_git_says_that_it_is_checked_out(
    scratch: Scratch,
) -> None:
    scratch.git.run("switch", "--quiet", "-")
    place = Place.find(str(scratch.task_file))
    settings = AgreedSettings.of(place)
    agents = scratch.git.text("show", "agents:plan/mission.yaml")
    place.config_file.write_text(agents)  # as in the middle of a switch
    assert not settings.renew()
    assert names(settings.config) == ["ours"]


def test_what_only_reads_otherwise_on_another_branch_is_the_same(scratch: Scratch) -> None:
    scratch.git.run("switch", "--quiet", "-")
    scratch.git.run("switch", "--quiet", "--create", "mine")
    place = Place.find(str(scratch.task_file))
    text = place.config_file.read_bytes()
    place.config_file.write_bytes(text.replace(b"\n", b"\r\n"))
    assert names(agreed_config(place)) == ["ours"]


def test_where_nobody_can_tell_what_is_checked_out_it_is_compared(scratch: Scratch) -> None:
    place = Place.find(str(scratch.task_file))
    (scratch.top / ".git" / "HEAD").write_text("ref: refs/heads/.invalid\n")  # refs in tables
    with pytest.raises(UsageError, match=r"mission\.yaml is not that of"):
        agreed_config(place)


def test_who_tells_of_a_run_goes_by_what_that_began_with(scratch: Scratch) -> None:
    place = Place.find(str(scratch.task_file))
    with pytest.raises(UsageError, match="is not there"):
        handed_config(place)
    keep_settings(place, b"notify: {to: [{type: command, name: begun, run: [cat]}]}")
    assert names(handed_config(place)) == ["begun"]
    assert settings_file(place).stat().st_mode & 0o777 == 0o600
    settings_file(place).chmod(0o644)
    with pytest.raises(UsageError, match="not this user's alone"):
        handed_config(place)


def test_who_tells_of_a_run_leaves_where_one_that_stays_does(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.notifying.watching._TURN", 0.1)
    scratch.git.run("switch", "--quiet", "-")
    place = Place.find(str(scratch.task_file))
    keep_settings(place, place.config_file.read_bytes())
    with Journal.open(place.journal_file) as journal:
        run = journal.start_run(mission="m", host=os.uname().nodename, pid=1, pid_started=0.0)
        journal.end_run(run, "ended")
    words = ("notify", "watch", str(place.task_file))
    stays = subprocess.Popen([sys.executable, "-P", "-m", "cli", *words])
    try:
        _wait_for(lambda: _is_held(place.state_dir / LOCK))
        watch(place, {}, run=run)  # and here it goes on
        assert stays.poll() is None
    finally:
        stays.send_signal(signal.SIGINT)
        assert stays.wait() == 130


def _is_held(lock: Path) -> bool:
    try:
        with FileLock(lock, mode=0o600).acquire(timeout=0):
            return False
    except Timeout:
        return True


def _wait_for(holds: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)
