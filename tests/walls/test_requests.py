"""Agents that ask the run for what is a person's business, as requests from another clone are."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mission.clock import utc_now
from mission.journal.kinds import LetterAnswered
from mission.letter import Letter, letter_bytes
from mission.place import Place
from service import posting
from tests.command import run
from tests.scratch import START, Scratch, make, row
from workspace.git import Git

# A is done as it should be. B tries to approve it, and to let a key of its own count: as an agent
# would, and then with all that it can do as the user. C changes the file of keys.
AGENT = (
    START
    + """
def tried(environment, *args):
    done = subprocess.run(["git", *args], env=environment, capture_output=True, text=True)
    return [done.returncode, done.stderr]
if task == "B":
    given = json.loads(pathlib.Path({given!r}).read_text())
    write("request.json", given["letter"])
    blob = git("hash-object", "-w", "request.json")
    entry = "100644 blob " + blob + "\\trequest.json\\n"
    made = subprocess.run(["git", "mktree"], input=entry, capture_output=True, text=True)
    tree = made.stdout.strip()
    sign = ["-c", "gpg.format=ssh", "-c", "user.signingKey=" + given["key"]]
    commit = ["commit-tree", "-m", "x", tree]
    commits = [git(*commit), git(*sign, *commit[:1], "-S", *commit[1:])]
    os.remove("request.json")
    ref = given["ref"]
    own, free = dict(os.environ), dict(os.environ, GIT_CONFIG_GLOBAL=os.devnull)
    told = [tried(own, "push", "origin", commits[0] + ":" + ref + "a" * 32)]
    git("branch", "mission-runner/x", commits[0])
    git("update-ref", ref + "b" * 32, commits[0])
    for letter, commit in zip("cd", commits):
        told.append(tried(free, "push", given["remote"], commit + ":" + ref + letter * 32))
    with open(given["checkout"], "a") as keys:
        keys.write(given["line"])
    pathlib.Path({told!r}).write_text(json.dumps(told))
    pathlib.Path({goes_on!r}).read_text()
if task == "C":
    keys = pathlib.Path("plan/keys").read_text()
    write("plan/keys", keys + "eve@example.org ssh-ed25519 AAAA\\n")
write(task + ".txt", "work of " + task)
"""
)


def key(folder: Path, name: str) -> str:
    """The line of a new key in a file of allowed signers."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
    subprocess.run(command, check=True)
    kind, public = (folder / f"{name}.pub").read_text().split()[:2]
    return f"{name}@example.org {kind} {public}\n"


def with_keys(folder: Path) -> tuple[Scratch, dict[str, Path], str]:
    """A mission that takes requests of Ann alone, the pipes of its agent, and Eve's key."""
    pipes = {name: folder / name for name in ("told", "goes_on")}
    for one in pipes.values():
        os.mkfifo(one)
    worker = AGENT.format(
        given=str(folder / "given"), told=str(pipes["told"]), goes_on=str(pipes["goes_on"])
    )
    config: dict[str, object] = {
        "qa": [{"match": {"id": "A"}}],
        "requests": {"look": "0.2s", "signed": "plan/keys"},
    }
    scratch = make(folder, [row("A"), row("B"), row("C")], worker=worker, config=config)
    (scratch.top / "plan" / "keys").write_text(key(folder, "ann"))
    scratch.git.run("add", "--all")
    scratch.git.run("commit", "--quiet", "-m", "Keys")
    scratch.git.run("config", "remote.origin.pushurl", str(scratch.remote))
    scratch.git.run("push", "--quiet", "origin", "main")
    return scratch, pipes, key(folder, "eve")


def test_no_agent_asks_as_a_person_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "_POLL", 0.2)
    scratch, pipes, eve = with_keys(tmp_path)
    mission = Place.find(str(scratch.task_file)).state_dir.name
    letter = Letter(id="d" * 32, mission=mission, kind="approve", tasks=("A",), at=utc_now())
    given = {
        "letter": letter_bytes(letter).decode(),
        "key": str(tmp_path / "eve"),
        "ref": f"refs/mission-runner/{mission}/requests/",
        "remote": str(scratch.remote),
        "checkout": str(scratch.top / "plan" / "keys"),
        "line": eve,
    }
    (tmp_path / "given").write_text(json.dumps(given))
    there = tmp_path / "there"
    subprocess.run(["git", "clone", "--quiet", scratch.remote, there], check=True)
    ann = {"user.name": "Ann", "user.email": "ann@example.org", "user.signingKey": tmp_path / "ann"}
    for name, value in ann.items():
        Git(there).run("config", name, str(value))
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(scratch.run, slots=1)
        (plain, *told), forced = json.loads(pipes["told"].read_text()), []
        forced += told
        # What an agent pushes goes nowhere; one that undoes that, with the user's rights, arrives.
        assert plain[0] != 0
        assert "refused" in plain[1]
        assert [code for code, _ in forced] == [0, 0]
        assert "A is" in run(capsys, "approve", str(there / "plan" / "TASKS.md"), "A")
        pipes["goes_on"].write_text("on")
        end = going.result(timeout=60)
    with scratch.journal() as journal:
        answered = {one.what.letter: one.what for one in journal.events(LetterAnswered)}
        asked = journal.requests("A")
    assert "it is not signed" in answered["c" * 32].answer
    assert "of no key that counts here" in answered["d" * 32].answer
    assert [one.by for one in asked] == ["Ann <ann@example.org>"]
    assert scratch.statuses()["A"] == "done"
    # Who may ask is a person's business too.
    assert end.needs_qa == ("C",)
    assert "plan/keys" in scratch.notes("C")
    listed = Git(scratch.remote).text("for-each-ref", "--format=%(refname)")
    assert "requests/" not in listed
    assert "mission-runner/x" not in listed
