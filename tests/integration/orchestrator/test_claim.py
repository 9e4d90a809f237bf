"""The claim on a mission: several clones of one remote, as claims and as runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import yaml

from errors import ClaimHeldError, ClaimLostError, GitError, LockedError, MissionError
from mission.claim import CLAIM_FILE, ClaimNote, claim_bytes, read_claim
from mission.config.load import load_config
from mission.place import Place
from orchestrator.claiming import claim_ref
from orchestrator.claiming.carried import CarriedInMemory
from orchestrator.claiming.claim import Claim
from orchestrator.claiming.making import make_claim
from orchestrator.soundness.soundness import examine
from tests.scratch import Scratch, make, row
from workspace import branches, git_command
from workspace.alive import numbers
from workspace.git import Git
from workspace.process import Stop
from workspace.repository import Repository
from workspace.shared_refs import SharedRefs

REFUSES_HIDDEN = """#!/bin/sh
while read old new ref; do
  case "$ref" in refs/mission-runner/*) exit 1;; esac
done
"""
QUICK = {"sign": "1s", "take_over": "2s", "lapse": "2s"}


class Skewed:
    """A clock that is ahead."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        return 0.0

    def boottime(self) -> float:
        return self.monotonic()


@dataclass
class Clone:
    """A clone with its claim."""

    top: Path
    repository: Repository
    claim: Claim
    carried: CarriedInMemory
    stop: Stop
    said: list[str]

    def commit(self, name: str) -> tuple[str, str]:
        """Another commit on the base as the remote has it: where from, and the commit."""
        base = self.repository.fetch_base()
        tree = self.repository.git.tree(base)
        made = self.repository.git.written(base).commit(
            tree, message=name, author="a <a> 1 +0000", committer="a <a> 1 +0000", parents=[base]
        )
        return base, made


class Clones:
    """Clones of one remote."""

    def __init__(self, scratch: Scratch) -> None:
        self.scratch = scratch
        self._open: list[Clone] = []

    def copy(self, name: str) -> Path:
        top = self.scratch.top.with_name(name)
        if not top.exists():
            Git(top.parent).run("clone", "--quiet", str(self.scratch.remote), name)
            for key, value in (("name", name), ("email", f"{name}@example.invalid")):
                Git(top).run("config", f"user.{key}", value)
        return top

    def open(self, name: str, *, ahead: timedelta = timedelta(), take_over: bool = False) -> Clone:
        """The claim of a clone, as another process of it has it."""
        top = self.copy(name)
        place = Place.find(str(top / "plan"))
        place.state_dir.mkdir(parents=True, exist_ok=True)
        plain = Repository.open(top)
        said: list[str] = []
        stop, carried = Stop(), CarriedInMemory()
        claim = make_claim(
            place,
            load_config(place.config_file),
            plain,
            carried=carried,
            stop=stop,
            say=said.append,
            tell_away=lambda text, _away: said.append(text),
            take_over=take_over,
            clock=Skewed(ahead),
        )
        repository = replace(plain, escort=claim)
        clone = Clone(top, repository, claim, carried, stop, said)
        self._open.append(clone)
        return clone

    def refs(self) -> SharedRefs:
        top = self.copy("looker")
        place = Place.find(str(top / "plan"))
        place.state_dir.mkdir(parents=True, exist_ok=True)
        return SharedRefs(Repository.open(top), key=place.state_dir.name, state_dir=place.state_dir)

    def files(self) -> dict[str, bytes]:
        with self.refs() as refs:
            found = refs.read("claim", refs.listed()["claim"])
            assert found is not None
            return dict(found.files)

    def note(self) -> ClaimNote:
        return read_claim(self.files())

    def put(self, note: ClaimNote, **files: bytes) -> None:
        """Have a claim say something, as any clone could."""
        with self.refs() as refs:
            old = refs.listed().get("claim")
            if old is not None:
                refs.read("claim", old)
            new = refs.objects.make(
                {CLAIM_FILE: claim_bytes(note), **files},
                subject="x",
                parent=old if refs.in_branches else None,
            )
            refs.swap("claim", new, old)

    def close(self) -> None:
        for clone in self._open:
            clone.stop.give_up("the test is over")
            clone.claim.give_back()
            clone.repository.close()


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return make(tmp_path, [row("A")], config={"claim": QUICK})


@pytest.fixture
def clones(scratch: Scratch) -> Iterator[Clones]:
    made = Clones(scratch)
    yield made
    made.close()


def hook(scratch: Scratch, text: str) -> None:
    file = scratch.remote / "hooks" / "pre-receive"
    file.write_text(text)
    file.chmod(0o755)


def in_one_instant(calls: list[Callable[[], object]]) -> list[object]:
    """What they came to, errors of ours included."""
    start = threading.Barrier(len(calls))

    def call(one: Callable[[], object]) -> object:
        start.wait()
        try:
            return one()
        except MissionError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


def test_one_clone_has_it_until_it_is_given_back(clones: Clones) -> None:
    one, other = clones.open("one"), clones.open("other")
    one.carried.held = {"record/a.jsonl": b"of one\n"}
    before = Git(one.top).text("for-each-ref")
    assert not one.claim.take()
    assert one.claim.taken
    with pytest.raises(
        ClaimHeldError, match=r"carried out by one <one@example.invalid> on"
    ) as held:
        other.claim.take()
    assert held.value.exit_code == 1
    assert not other.claim.taken
    base, new = one.commit("landed")
    branches.move_base(one.repository, new, base)
    branches.push_branch(one.repository, "feat/a", new)
    branches.delete_remote_branch(one.repository, "feat/a", new)
    assert Git(clones.scratch.remote).text("rev-parse", "main") == new
    one.claim.give_back()
    assert clones.note().state == "free"
    assert clones.files()["record/a.jsonl"] == b"of one\n"
    one.repository.fetch_base()
    seen = Git(one.top).text("for-each-ref").replace(new, base)
    assert seen == before  # nothing of it is in the clone
    # The next clone takes in what that one left, and what it says is its own from then on.
    assert other.claim.take()
    assert other.carried.absorbed == [{"record/a.jsonl": b"of one\n"}]
    other.claim.prove()
    assert set(clones.files()) == {CLAIM_FILE}
    assert clones.note().carries == clones.note().clone


def test_of_clones_that_start_in_one_instant_one_wins(clones: Clones) -> None:
    both = [clones.open("one"), clones.open("other")]
    for _ in range(8):
        ends = in_one_instant([clone.claim.take for clone in both])
        assert sorted(type(end) is ClaimHeldError for end in ends) == [False, True], ends
        for clone in both:
            clone.claim.give_back()


def test_after_a_kill_the_same_clone_goes_on_at_once(clones: Clones) -> None:
    killed = clones.open("one")
    killed.claim.take()
    again = clones.open("one")
    assert not again.claim.take()  # nobody else had it
    base, new = killed.commit("too late")
    with pytest.raises(ClaimLostError):
        branches.move_base(killed.repository, new, base)


def test_a_clone_that_was_copied_is_another_one(clones: Clones) -> None:
    clones.open("one").claim.take()
    shutil.copytree(clones.copy("one"), clones.scratch.top.with_name("twin"))
    with pytest.raises(ClaimHeldError):
        clones.open("twin").claim.take()


def test_who_was_taken_over_pushes_nothing_more(clones: Clones) -> None:
    one = clones.open("one")
    one.claim.take()
    now = datetime.now(UTC)
    clones.put(replace(clones.note(), clone="there", who="x\x1b[31m", run="r", sign=now))
    base, new = one.commit("too late")
    too_late = (
        partial(branches.move_base, one.repository, new, base),
        partial(branches.push_branch, one.repository, "feat/a", new),
        one.claim.prove,
    )
    for push in too_late:
        with pytest.raises(ClaimLostError, match="taken over by x on"):
            push()
    assert one.stop.requested
    assert not one.stop.interrupted
    assert not one.claim.taken
    listed = Git(clones.scratch.remote).text("for-each-ref", "--format=%(objectname)")
    assert new not in listed
    one.claim.give_back()
    assert clones.note().clone == "there"  # it is not ours to give back


def test_a_renewal_notices_too(clones: Clones) -> None:
    one = clones.open("one")
    one.claim.take()
    told = threading.Event()
    with one.stop.calling(told.set):
        clones.put(replace(clones.note(), clone="there", run="r"))
        # Skewed: no time goes by for it, so that nothing but this asks.
        with pytest.raises(ClaimLostError):
            one.claim.prove()
        assert told.wait(30)


def test_a_dead_claim_is_watched_and_then_taken(clones: Clones) -> None:
    first = clones.open("one")
    first.claim.take()
    first.claim.give_back()
    dead = replace(
        clones.note(),
        state="held",
        clone="there",
        carries="there",
        every=1.0,
        take_over=60.0,
        lapse=3600.0,
        sign=datetime.now(UTC) - timedelta(minutes=5),
    )
    clones.put(dead, **{"rows.json": b"theirs"})
    with pytest.raises(ClaimHeldError) as held:
        clones.open("other").claim.take()
    assert "mission run --take-over" in held.value.hint
    taker = clones.open("other", take_over=True)
    assert taker.claim.take()
    assert any("no sign for" in said for said in taker.said)
    assert taker.carried.absorbed == [{"rows.json": b"theirs"}]
    taker.claim.give_back()
    clones.put(replace(dead, sign=datetime.now(UTC) - timedelta(hours=2)))
    assert clones.open("other").claim.take()  # by itself


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_nobody_waits_for_a_process_of_this_machine_that_is_gone(
    clones: Clones, where: str
) -> None:
    one, other = clones.open("one"), clones.open("other")
    one.claim.take()
    note = clones.note()
    assert note.numbers == numbers()
    one.claim.give_back()
    ended = subprocess.Popen(["true"])
    ended.wait()
    gone = replace(note, pid=ended.pid, sign=datetime.now(UTC))
    clones.put(gone if where == "here" else replace(gone, numbers="of another machine"))
    if where == "here":
        assert other.claim.take()
        assert other.said == []
    else:
        with pytest.raises(ClaimHeldError):
            other.claim.take()


def test_a_clock_that_is_ahead_takes_nothing_from_the_living(clones: Clones) -> None:
    one = clones.open("one")
    one.claim.take()
    other = clones.open("other", ahead=timedelta(hours=5), take_over=True)
    watched = threading.Event()
    other.claim._taking._say = lambda _: watched.set()  # type: ignore[attr-defined]

    def give_a_sign() -> None:
        watched.wait(30)
        one.claim.prove()

    signs = threading.Thread(target=give_a_sign)
    signs.start()
    with pytest.raises(ClaimHeldError):
        other.claim.take()
    signs.join()
    one.claim.prove()


@pytest.mark.parametrize("denies", [False, True])
def test_a_remote_that_takes_branches_only(clones: Clones, denies: bool) -> None:
    hook(clones.scratch, REFUSES_HIDDEN)
    if denies:
        for name in ("denyNonFastForwards", "denyDeletes"):
            Git(clones.scratch.remote).run("config", f"receive.{name}", "true")
    one, other = clones.open("one"), clones.open("other")
    one.claim.take()
    base, new = one.commit("landed")
    branches.move_base(one.repository, new, base)
    with pytest.raises(ClaimHeldError):
        other.claim.take()
    one.claim.give_back()
    assert other.claim.take()
    other.claim.prove()
    assert not clones.open("other").claim.take()
    with pytest.raises(ClaimHeldError):
        clones.open("one").claim.take()
    assert "mission-runner" in Git(clones.scratch.remote).text("branch")
    found = examine(Place.find(str(one.top / "plan"))).findings
    assert [str(one.severity) for one in found if one.rule == "claim-in-branches"] == ["info"]


def test_a_remote_that_takes_no_claim(clones: Clones) -> None:
    hook(clones.scratch, "#!/bin/sh\necho 'no pushes today' >&2\nexit 1\n")
    with pytest.raises(GitError, match="no pushes today") as refused:
        clones.open("one").claim.take()
    assert "claim: never" in refused.value.hint


def test_a_remote_that_moves_no_refs_together(clones: Clones) -> None:
    Git(clones.scratch.remote).run("config", "receive.advertiseAtomic", "false")
    one = clones.open("one")
    base, new = one.commit("landed")
    branches.move_base(one.repository, new, base)
    clones.put(replace(clones.note(), clone="there", run="r"))
    base, new = one.commit("too late")
    with pytest.raises(ClaimLostError):
        branches.move_base(one.repository, new, base)


def test_a_push_that_is_refused_for_itself(clones: Clones) -> None:
    """What git says is about the work alone, and the claim goes on."""
    one = clones.open("one")
    one.claim.take()
    hook(
        clones.scratch,
        "#!/bin/sh\nwhile read old new ref; do\n"
        "case $ref in refs/heads/*) echo 'protected by us' >&2; exit 1;; esac\ndone\n",
    )
    base, new = one.commit("refused")
    with pytest.raises(GitError, match="protected by us") as refused:
        branches.move_base(one.repository, new, base)
    assert "mission-runner" not in str(refused.value)
    one.claim.prove()
    assert one.claim.taken


def test_a_lock_that_is_left_on_the_remote_is_named(
    clones: Clones, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git died there. It is no remote that takes branches only: with two claims, two would run."""
    monkeypatch.setattr(git_command, "PATIENCE", 0.0)
    one = clones.open("one")
    lock = clones.scratch.remote / f"{clones.refs().ref('claim')}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    with pytest.raises(LockedError, match=re.escape(f"`rm {lock}`")):
        one.claim.take()
    refs = Git(clones.scratch.remote).text("for-each-ref", "--format=%(refname)")
    assert refs == "refs/heads/main"
    lock.unlink()
    one.claim.take()
    lock.touch()
    base, new = one.commit("refused")
    with pytest.raises(LockedError, match=re.escape(f"`rm {lock}`")):
        branches.move_base(one.repository, new, base)
    lock.unlink()
    branches.move_base(one.repository, new, base)


def test_a_remote_that_was_away(clones: Clones) -> None:
    one = clones.open("one")
    one.claim.take()
    away = clones.scratch.remote.with_name("away.git")
    clones.scratch.remote.rename(away)
    with pytest.raises(GitError):
        one.claim.prove()
    away.rename(clones.scratch.remote)
    one.claim.prove()
    assert one.claim.taken


def test_a_remote_that_answers_and_takes_nothing_for_long(
    clones: Clones, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many signs are lost on the way: the claim is where it was, and so is ours."""
    monkeypatch.setattr(claim_ref, "_CHAIN", 1)  # of our commits, the last two are remembered
    one = clones.open("one")
    one.claim.take()
    hook(clones.scratch, "#!/bin/sh\nkill -9 $PPID\n")
    for _ in range(4):
        with pytest.raises(GitError, match="cannot be pushed"):
            one.claim.prove()
    hook(clones.scratch, "#!/bin/sh\n")
    one.claim.prove()
    assert one.claim.taken
    assert not one.stop.requested


def test_a_claim_that_nobody_can_read(clones: Clones) -> None:
    with clones.refs() as refs:
        commit = refs.objects.make({CLAIM_FILE: b"\xff{"}, subject="x")
        refs.swap("claim", commit, None)
        name = refs.ref("claim")
    one = clones.open("one")
    with pytest.raises(MissionError, match="cannot be read") as told:
        one.claim.take()
    (command,) = [part for part in told.value.hint.split("`") if part.startswith("git push")]
    assert name in command
    Git(one.top).run(*command.split()[1:])
    assert not one.claim.take()


def test_what_cannot_be_taken_in_is_left_for_the_next(clones: Clones) -> None:
    one = clones.open("one")
    one.carried.held = {"record/a": b"1"}
    one.claim.take()
    one.claim.give_back()
    other = clones.open("other")

    class Refuses(CarriedInMemory):
        def absorb(self, files: Mapping[str, bytes]) -> None:
            raise GitError("not today")

    other.claim._carried = Refuses()  # type: ignore[attr-defined]
    with pytest.raises(GitError, match="not today"):
        other.claim.take()
    assert clones.note().state == "free"
    assert clones.files()["record/a"] == b"1"
    again = clones.open("other")
    again.claim.take()
    assert again.carried.absorbed == [{"record/a": b"1"}]


def test_where_nothing_is_claimed(tmp_path: Path) -> None:
    scratch = make(tmp_path, [row("A")], config={"claim": "never"})
    clones = Clones(scratch)
    one = clones.open("one")
    assert one.claim.taken
    base, new = one.commit("landed")
    branches.move_base(one.repository, new, base)
    assert Git(scratch.remote).text("for-each-ref", "refs/mission-runner") == ""
    assert yaml.safe_load((one.top / "plan" / "mission.yaml").read_text())["claim"] == "never"
