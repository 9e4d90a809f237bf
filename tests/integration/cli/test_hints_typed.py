"""Hints that are commands are typed as they are printed, in a real repository, and mend it."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.main import main
from errors import ClaimHeldError
from mission.claim import CLAIM_FILE
from mission.place import Place
from orchestrator.ports.display import Display
from orchestrator.ports.engine import ThreadEngine
from orchestrator.run import RunRequest, run_mission
from orchestrator.run_end import RunEnd
from tests.hints import MARKED, asked, commands_in, form_of, is_of, typed
from tests.integration.orchestrator.test_claim import Clones
from tests.integration.orchestrator.test_expanding import PLACEHOLDER, PLAN, TASKS
from tests.scratch import Scratch, make, row
from tests.unit.cli.test_hints import forms
from workspace.git import Git
from workspace.process import Stop

pytestmark = pytest.mark.timeout(240)

Act = Callable[[Scratch], object]


def own_commit(scratch: Scratch) -> None:
    scratch.git.run("commit", "--quiet", "--allow-empty", "--message=mine")


def no_base_there(scratch: Scratch) -> None:
    Git(scratch.remote).run("update-ref", "-d", "refs/heads/main")
    scratch.git.run("update-ref", "-d", "refs/remotes/origin/main")


def bare(scratch: Scratch) -> None:
    scratch.git.run("config", "core.bare", "true")


def paused(scratch: Scratch) -> None:
    with pytest.raises(SystemExit):
        main(("pause", str(scratch.task_file)))


def merged(scratch: Scratch) -> None:
    """The base has the row, and the file does not say so."""
    trailers = "Task: A\nAttempt: 1\nMission: plan/TASKS.md"
    scratch.git.run("commit", "--quiet", "--allow-empty", f"--message=A: it\n\n{trailers}")
    scratch.git.run("push", "--quiet", "origin", "main")


def damaged(scratch: Scratch) -> None:
    scratch.journal().close()
    journal = Place.find(str(scratch.task_file)).journal_file
    journal.write_bytes(b"no database" * 999)


def begun_by_hand(scratch: Scratch) -> None:
    scratch.edit("| A | not-started |", "| A | in-progress |")


def a_step(scratch: Scratch) -> Path:
    step = scratch.top / "step.sh"
    step.write_text("#!/bin/sh\n")
    step.chmod(0o755)
    with (scratch.task_file.with_name("mission.yaml")).open("a") as config:
        config.write("verify: [{name: tests, run: [./step.sh]}]\n")
    return step


def step_not_added(scratch: Scratch) -> None:
    a_step(scratch)


def step_no_program(scratch: Scratch) -> None:
    a_step(scratch)
    scratch.git.run("add", "step.sh")
    scratch.git.run("update-index", "--chmod=-x", "step.sh")
    scratch.git.run("commit", "--quiet", "--message=A step")
    scratch.git.run("push", "--quiet", "origin", "main")


def token(_scratch: Scratch) -> None:
    with pytest.raises(SystemExit):
        main(("gateway", "token", "add", "ci", "--expires", "30d", "--all-missions"))


def nothing(scratch: Scratch) -> None:
    """The rows are as they are."""


def misspelt(scratch: Scratch) -> None:
    scratch.edit("| F | failed |", "| F | faild |")


def gate(scratch: Scratch, code: str) -> None:
    """Its word is the exit code of a script that sees a file; see `docs/gates.md`."""
    argv = [sys.executable, "-S", "-c", code, str(scratch.top.with_name("open"))]
    with scratch.task_file.with_name("mission.yaml").open("a") as config:
        config.write(f"gates: [{{type: script, run: {json.dumps(argv)}, interval: 1s}}]\n")
    scratch.git.run("commit", "--quiet", "--all", "--message=A gate")
    scratch.git.run("push", "--quiet", "origin", "main")


OPENS = "import pathlib, sys; it = pathlib.Path(sys.argv[1]); there = it.exists(); it.touch(); "


def opening_gate(scratch: Scratch) -> None:
    """It says clear from the second question on."""
    gate(scratch, f"{OPENS}sys.exit(0 if there else 75)")


def shut_gate(scratch: Scratch) -> None:
    gate(scratch, "import pathlib, sys; sys.exit(0 if pathlib.Path(sys.argv[1]).exists() else 75)")


def open_it(scratch: Scratch) -> None:
    scratch.top.with_name("open").touch()


def crashes(scratch: Scratch) -> None:
    """A has failed: its agent ends with an error."""
    scratch.top.with_name("worker.py").write_text("raise SystemExit('no such model')")
    scratch.run()


def silent(scratch: Scratch) -> None:
    config = scratch.task_file.with_name("mission.yaml")
    argv = json.dumps([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    lazy = f"{{type: command, run: {argv}, max_attempts: 1, timeouts: {{silence: 1s}}}}"
    config.write_text(f"agents: {{worker: {lazy}}}\n")
    scratch.run()


def unplanned(scratch: Scratch, answer: object) -> None:
    """A milestone without rows, and a planner with this answer."""
    planner = scratch.top.with_name("planner.py")
    told = answer if isinstance(answer, str) else json.dumps(answer)
    said = json.dumps({"outcome": "success", "summary": told})
    planner.write_text(f"print({said!r})")
    text = scratch.task_file.read_text().replace("not-started", "done").replace("blocked", "done")
    for status in ("failed", "needs-qa"):
        text = text.replace(f"| {status} |", "| done |")
    scratch.task_file.write_text(text + PLACEHOLDER)
    config = scratch.task_file.with_name("mission.yaml")
    agent = {"type": "command", "run": [sys.executable, "-S", str(planner)]}
    config.write_text(f"agents: {json.dumps({'other': agent, 'worker': agent})}\n")
    scratch.git.run("commit", "--quiet", "--all", "--message=A plan to come")
    scratch.git.run("push", "--quiet", "origin", "main")


def to_be_planned(scratch: Scratch) -> None:
    unplanned(scratch, PLAN)


def planned_wrong(scratch: Scratch) -> None:
    lost = dict(TASKS[0]) | {"depends_on": ["Nowhere"]}
    unplanned(scratch, {"goal": "The second part.", "tasks": [lost]})


def plans_right(scratch: Scratch) -> None:
    said = json.dumps({"outcome": "success", "summary": json.dumps(PLAN)})
    scratch.top.with_name("planner.py").write_text(f"print({said!r})")


def answers_nonsense(scratch: Scratch) -> None:
    unplanned(scratch, "I would rather not.")


def elsewhere(scratch: Scratch) -> None:
    """Another clone, on another machine, says that it carries the mission out, and is silent."""
    clones = Clones(scratch)
    first = clones.open("one").claim
    first.take()
    first.give_back()
    at = datetime.now(UTC) - timedelta(minutes=5)
    note = replace(clones.note(), clone="there", carries="there", numbers="of another machine")
    clones.put(replace(note, state="held", every=1.0, take_over=60.0, sign=at))
    clones.close()


def unreadable(scratch: Scratch) -> None:
    with Clones(scratch).refs() as refs:
        refs.swap("claim", refs.objects.make({CLAIM_FILE: b"\xff{"}, subject="x"), None)


def no_commit(scratch: Scratch) -> None:
    for name in ("HEAD", "refs/remotes/origin/main"):
        scratch.git.run("update-ref", "-d", name)
    scratch.git.run("remote", "remove", "origin")


def seen_elsewhere(scratch: Scratch) -> None:
    elsewhere(scratch)
    with pytest.raises(ClaimHeldError):
        scratch.run()


def away_from_git(scratch: Scratch) -> None:
    shutil.rmtree(scratch.top / ".git")


def merged_there(scratch: Scratch) -> None:
    """The remote's base has the row, as another clone has merged it."""
    scratch.edit("| A | not-started |", "| A | done |")
    scratch.git.run("add", "plan")
    merged(scratch)
    scratch.git.run("reset", "--quiet", "--hard", "HEAD~1")
    scratch.git.run("update-ref", "refs/remotes/origin/main", "HEAD")


def done_by_hand(scratch: Scratch) -> None:
    scratch.run()
    scratch.edit("| F | failed |", "| F | done |")


def twice(scratch: Scratch) -> None:
    for attempt in (1, 2):
        trailers = f"Task: D\nAttempt: {attempt}\nMission: plan/TASKS.md"
        (scratch.top / f"{attempt}.txt").write_text("work")
        scratch.git.run("add", f"{attempt}.txt")
        scratch.git.run("commit", "--quiet", f"--message=D: it\n\n{trailers}")
    scratch.git.run("push", "--quiet", "origin", "main")


def pushed(scratch: Scratch) -> None:
    scratch.git.run("push", "--quiet", "origin", "main")


def without_a_plan(scratch: Scratch) -> None:
    scratch.git.run("rm", "--quiet", "-r", "plan")


def commit(scratch: Scratch) -> None:
    scratch.git.run("commit", "--quiet", "--message=A step")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A situation, and the way out that is printed."""

    wrong: Act = nothing
    words: tuple[str, ...]  # `mission WORDS` prints it
    told: str  # the text before it
    form: str  # which command of the code it is
    nth: int = 0  # of the commands behind that text
    given: Act = nothing  # what a person does first, as the text says
    then: Act = nothing  # ... and afterwards
    code: int = 0  # of the command that is typed
    answers: str = ""  # what it prints
    mends: bool = True  # whether the situation is over then


ADD_TOKEN = ("gateway", "token", "add", "ci", "--expires", "30d", "--all-missions")
CASES: dict[str, Case] = {
    "unpublished": Case(
        wrong=own_commit, words=("run", "--dry-run"), told="has 1 commit that origin has not",
        form="git push X X",
    ),
    "unpublished-shown": Case(
        wrong=own_commit, words=("run", "--dry-run"), told="has 1 commit that origin has not",
        form="git log X", nth=1, answers="mine", mends=False,
    ),
    "base-not-there": Case(
        wrong=no_base_there, words=("verify",), told="cannot be fetched", form="git push X",
    ),
    "paused": Case(wrong=paused, words=("status",), told="paused", form="mission unpause"),
    "blocked": Case(
        words=("retry", "B"), told="retry is for rows that are failed", form="mission unblock X",
        mends=False, answers="B is not-started",
    ),
    "waiting": Case(
        words=("retry", "Q"), told="retry is for rows that are failed", form="mission reject X",
        mends=False, answers="Q is not-started",
    ),
    "failed": Case(
        words=("unblock", "F"), told="unblock is for rows that are blocked", form="mission retry X",
        mends=False, answers="F is not-started",
    ),
    "done": Case(
        words=("approve", "D"), told="approve is for rows that are needs-qa",
        form="mission history X", mends=False,
    ),
    "no-such-row": Case(
        words=("retry", "Nowhere"), told="no task 'Nowhere'", form="mission graph", mends=False,
        answers="D",
    ),
    "merged": Case(
        wrong=merged, words=("verify",), told="merged it", form="mission verify --fix",
    ),
    "merged-there": Case(
        wrong=merged_there, words=("verify", "--json"), told="has not taken in yet",
        form="git pull", nth=1,
    ),
    "twice": Case(
        wrong=twice, words=("verify",), told="twice", form="git show X X", answers="+work",
        mends=False,
    ),
    "twice-taken-back": Case(
        wrong=twice, words=("verify",), told="twice", form="git revert --no-edit X", nth=1,
        then=pushed,
    ),
    "journal": Case(
        wrong=damaged, words=("verify",), told="the journal", form="mission verify --new-journal",
    ),
    "by-hand": Case(
        wrong=begun_by_hand, words=("verify",), told="has no attempt under way",
        form="mission set X not-started",
    ),
    "nobody-knows": Case(
        wrong=done_by_hand, words=("verify",), told="F is done, but", form="mission set X done",
    ),
    "set-done": Case(
        words=("set", "Q", "done"), told="cannot be set to done", form="mission approve X",
        code=1, answers="holds no finished work", mends=False,  # and names the next one
    ),
    "no-work": Case(
        words=("approve", "Q"), told="holds no finished work", form="mission reject X",
        answers="Q is not-started", mends=False,
    ),
    "nothing-tried": Case(
        words=("log", "A"), told="has not been tried yet", form="mission run", code=1,
    ),
    "crashed": Case(
        wrong=crashes, words=("show", "A"), told="Read the end of its log", form="mission log X",
        answers="no such model", mends=False,
    ),
    "crashed-again": Case(
        wrong=crashes, words=("show", "A"), told="Read the end of its log", form="mission retry X",
        nth=1, answers="A is not-started", mends=False,
    ),
    "no-id": Case(
        words=("show", "plan"), told="ID is missing", form="mission status", answers="Blocked",
        mends=False,
    ),
    "token": Case(
        wrong=token, words=ADD_TOKEN, told="There is a token",
        form="mission gateway token revoke X",
    ),
    "no-token": Case(
        words=("gateway", "token", "revoke", "nobody"), told="There is no token",
        form="mission gateway token list", mends=False,
    ),
    "not-added": Case(
        wrong=step_not_added, words=("check",), told="is in no commit", form="git add X",
        then=commit,
    ),
    "no-program": Case(
        wrong=step_no_program, words=("check",), told="not as a program",
        form="git update-index --chmod=+x X", then=commit,
    ),
    "misspelt": Case(
        wrong=misspelt, words=("status",), told="1 error in the file", form="mission check",
        code=1, answers="faild", mends=False,
    ),
    "gate": Case(
        wrong=opening_gate, words=("verify",), told="gate script says",
        form="mission gate queue --purpose merge", answers="clear",
    ),
    "gate-in-time": Case(
        wrong=shut_gate, words=("gate", "queue", "--purpose", "push", "--branch", "feat/it's",
                                "--timeout", "1s"),
        told="did not say clear", form="mission gate queue --purpose merge --branch X",
        given=open_it, answers="clear",
    ),
    "no-run": Case(
        words=("limit", "3"), told="no run is under way",
        form="mission run --max-parallel 2", code=1, mends=False,
    ),
    "not-planned": Case(
        wrong=answers_nonsense, words=("expand", "M2", "--yes"), told="the agent's answer",
        form="mission history", answers="M2", mends=False,
    ),
    "elsewhere": Case(
        wrong=elsewhere, words=("run",), told="carried out",
        form="mission run --take-over", code=1, mends=False,
    ),
    "elsewhere-seen": Case(
        wrong=seen_elsewhere, words=("status",), told="looked at", form="mission status --fetch",
        answers="another clone", mends=False,
    ),
    "unreadable-claim": Case(
        wrong=unreadable, words=("run",), told="nobody carries the mission out",
        form="git push X :X", mends=False,
    ),
    "no-commit": Case(
        wrong=no_commit, words=("run",), told="has no commit yet",
        form="git add X && git commit -m Plan",
    ),
    "no-repository": Case(
        wrong=away_from_git, words=("run",), told="is not in a git repository", form="git init X",
    ),
    "no-repository-to-begin-in": Case(
        wrong=away_from_git, words=("init", "--yes"), told="is in no git repository",
        form="git init X",
    ),
    "no-plan": Case(
        wrong=without_a_plan, words=("status",), told="no TASKS.md", form="mission init",
    ),
    "help": Case(
        words=("--help",), told="says more of one", form="mission --version",
        answers="mission-runner", mends=False,
    ),
}  # fmt: skip
ROWS = [
    *(row("A"), row("B", status="blocked"), row("F", status="failed")),
    *(row("D", status="done"), row("Q", status="needs-qa")),
]


@pytest.fixture
def _without_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    """`mission run` is typed in this process, with the engine that needs no server."""

    def carry_out(request: RunRequest, display: Display, stop: Stop) -> RunEnd:
        with ThreadEngine(4) as engine:
            return run_mission(request, engine, display, stop)

    monkeypatch.setattr("cli.carrying_out.carry_out", carry_out)


@pytest.mark.usefixtures("_without_prefect")
@pytest.mark.parametrize("name", CASES)
def test_what_is_printed_mends_it(
    tmp_path: Path,
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MISSION_HOME", str(tmp_path / "home"))
    scratch = make(tmp_path, ROWS)
    monkeypatch.chdir(scratch.top)
    case = CASES[name]
    case.wrong(scratch)
    capsys.readouterr()
    said = " ".join(asked(capsys, case.words)[1].split())
    assert case.told in said
    commands = commands_in(said.partition(case.told)[2])
    assert len(commands) > case.nth, said
    command = commands[case.nth]
    assert is_of(command, case.form), (command, case.form)
    case.given(scratch)
    assert case.answers in typed(capsys, command, code=case.code)
    case.then(scratch)
    if case.mends:
        assert case.told not in " ".join(asked(capsys, case.words)[1].split())


def test_what_the_sections_of_status_name_is_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No id in capitals: the row's own, or `--all` where there are several."""
    more = [row("B2", status="blocked"), row("F2", status="failed")]
    scratch = make(tmp_path, [*ROWS, *more])
    monkeypatch.chdir(scratch.top)
    with pytest.raises(SystemExit):
        main(("status",))
    page = capsys.readouterr().out
    hints = dict(re.findall(r"^(\w[\w ]*) \(\d+\)  (mission [^,\n]+)", page, re.MULTILINE))
    assert hints == {
        "Ready": "mission run",
        "Needs QA": "mission show Q",
        "Blocked": "mission unblock --all",
        "Failed": "mission retry --all",
    }
    for title in ("Needs QA", "Blocked", "Failed"):
        typed(capsys, hints[title])
    assert {scratch.statuses()[name] for name in ("B", "B2", "F", "F2")} == {"not-started"}


def test_what_the_notes_of_rows_name_is_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that a run left to people, each with what its note says, until all of them are done."""
    rows = [row("Away"), row("Begun"), row("Fresh"), row("Look")]
    later = "\n## Milestone 2 — Second (M2)\n\n_Deferred._\n"
    scratch = make(tmp_path, [*rows, later], config={"qa": [{"match": {"id": "Look"}}]})
    monkeypatch.chdir(scratch.top)
    scratch.git.run("worktree", "add", "--quiet", "-b", "feat/away", str(tmp_path / "mine here"))
    begun = Git(tmp_path / "mine here")
    begun.run("switch", "--quiet", "--create", "feat/begun")
    begun.run("commit", "--quiet", "--allow-empty", "--message=Begun by a person")
    (tmp_path / "mine here" / "begun.txt").write_text("begun\n")
    begun.run("add", "--all")
    begun.run("commit", "--quiet", "--message=More of it")
    begun.run("switch", "--quiet", "--create", "feat/fresh")
    begun.run("switch", "--quiet", "feat/away")
    scratch.run()
    left = {"Away": "blocked", "Begun": "blocked", "Fresh": "blocked", "Look": "needs-qa"}
    assert scratch.statuses() == left
    named = {task: MARKED.findall(scratch.notes(task)) for task in left}
    (detach,) = named["Away"]
    keep, anew = named["Begun"]
    assert (keep, anew) == ("mission unblock Begun --keep", "mission unblock Begun --anew")
    _, anew = named["Fresh"]
    assert anew == "mission unblock Fresh --anew"
    (approve,) = re.findall(r"mission approve \w+", scratch.notes("Look"))
    for command in (detach, "mission unblock Away", keep, anew):
        typed(capsys, command)
    scratch.run()
    typed(capsys, approve)
    assert set(scratch.statuses().values()) == {"done"}
    assert scratch.run().unplanned == "M2"
    assert "M2 is not planned yet: mission expand M2" in asked(capsys, ["run", "--dry-run"])[1]


HERE = "cli/test_hints_typed.py::test_what_"
BESIDE = "cli/test_hints_beside.py::test_"
GIT = "workspace/test_hints_of_git.py::test_"
SERVERS = "flows/test_hints_of_servers.py::test_"
# Typed by other tests than the one of `CASES`: by which.
TYPED_IN = {
    "git -C X switch --detach": f"{HERE}the_notes_of_rows_name_is_typed",
    "git clone X": f"{GIT}a_bare_repository",
    "git config --global --add safe.directory X": f"{GIT}a_repository_of_another_user",
    "git config X X": "workspace/test_submodule_files.py::test_a_remote_of_a_submodule",
    "git config user.signingKey X": f"{GIT}a_key_that_git_is_not_told",
    "git diff": f"{BESIDE}what_agents_are_told_to_look_at",
    "git diff X X": f"{BESIDE}what_agents_are_told_to_look_at",
    "git fetch X X": f"{GIT}commits_of_somebody_on_a_branch",
    "git log": f"{BESIDE}what_agents_are_told_to_look_at",
    "git log -p X..X": f"{GIT}a_secret_in_a_commit",
    "git log X..X": f"{GIT}commits_of_a_person_on_the_base",
    "git merge X": f"{GIT}merges_of_the_time_before_there_was_a_remote",
    "git push X --delete X": f"{GIT}commits_of_somebody_on_a_branch",
    "git remote add origin X": "orchestrator/test_workers.py::test_without_a_remote_there_is_none",
    "git status": f"{BESIDE}what_agents_are_told_to_look_at",
    "git switch X": f"{GIT}merges_of_the_time_before_there_was_a_remote",
    "mission dashboard": f"{BESIDE}what_a_browser_is_told",
    "mission deploy": f"{SERVERS}agents_that_are_not_deployed",
    "mission expand X": f"{BESIDE}a_milestone_is_planned",
    "mission expand X --anew": f"{BESIDE}a_plan_with_errors_is_made_anew",
    "mission gateway token add reader --all-missions": f"{BESIDE}who_may_read_a_gateway",
    "mission gateway token add reader --expires 30d --all-missions": (
        f"{BESIDE}who_may_read_a_gateway"
    ),
    "mission init X": f"{BESIDE}a_mission_begins_in_another_folder",
    "mission forecast": f"{BESIDE}what_notifications_name",
    "mission mcp": f"{BESIDE}what_agents_are_told_to_look_at",
    "mission notify test": f"{BESIDE}what_notifications_name",
    "mission notify watch": f"{BESIDE}what_notifications_name",
    "mission report": f"{BESIDE}what_notifications_name",
    "mission retry --all": f"{HERE}the_sections_of_status_name_is_typed",
    "mission run --dry-run": f"{BESIDE}a_mission_begins_in_another_folder",
    "mission server start": f"{SERVERS}the_local_server_is_started_replaced_and_ended",
    "mission server status": f"{SERVERS}the_local_server_is_started_replaced_and_ended",
    "mission server status --secret": f"{SERVERS}the_local_server_is_started_replaced_and_ended",
    "mission server stop": f"{SERVERS}the_local_server_is_started_replaced_and_ended",
    "mission show X": f"{BESIDE}what_a_browser_is_told",
    "mission stop X": f"{BESIDE}a_row_that_is_under_way_is_ended",
    "mission tier doctor": "orchestrator/test_tier_operations.py::test_a_tier_that_is_not_there",
    "mission tier sync": "orchestrator/test_storage_copy.py::test_what_the_storage_lacks_is_copied",
    "mission tier up": "orchestrator/test_tier_operations.py::test_a_tier_that_is_not_there",
    "mission unblock --all": f"{HERE}the_sections_of_status_name_is_typed",
    "mission unblock X --anew": f"{HERE}the_notes_of_rows_name_is_typed",
    "mission unblock X --keep": f"{HERE}the_notes_of_rows_name_is_typed",
}
NO_HINTS = {"mission gateway serve"}  # the name of what was proven


def test_every_command_that_a_message_names_is_typed_somewhere() -> None:
    """A new one needs a test that follows it."""
    in_code = {form_of(form) for form in forms()} - NO_HINTS
    here = {part for case in CASES.values() for part in case.form.split(" && ")}
    assert in_code - here - TYPED_IN.keys() == set()
    assert (here | TYPED_IN.keys()) - in_code == set(), "no message names these any more"
    for form, test in TYPED_IN.items():
        file, _, name = test.partition("::")
        text = (Path(__file__).parents[1] / file).read_text()
        body = text.partition(f"def {name}")[2].partition("\ndef ")[0]
        assert "typed" in body, f"{test} types nothing, for {form}"
