"""`mission report`."""

from __future__ import annotations

import json

import pytest

from mission.journal import End, Journal
from mission.journal.kinds import AgentEnded
from mission.outcome import Outcome
from mission.place import Place
from tests.command import run


@pytest.fixture
def spent(place: Place) -> Place:
    with Journal.open(place.journal_file) as journal:
        first = journal.start_run(mission="trial", host="h", pid=1, pid_started=1.0)
        for task, agent, tokens, cost, guess in (
            ("A-1", "codex", 5000, 0.5, "codex is priced as another"),
            ("A-2", "sonnet", 1000, None, ""),
            ("A-2", "codex", 2000, 0.25, ""),
            ("Z-9", "codex", 10, None, ""),
        ):
            attempt = journal.start_attempt(
                run=first,
                task=task,
                agent=agent,
                branch=None,
                base_commit=None,
                worktree=None,
                log=None,
                route="",
            )
            if guess:
                what = AgentEnded(outcome="success", guess=guess)
                journal.record(what, task=task, attempt=attempt.id)
            journal.end_attempt(
                attempt.id, End.SUCCESS, input_tokens=tokens - 10, output_tokens=10, cost_usd=cost
            )
    return place


def test_json(spent: Place, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(run(capsys, "report", str(spent.task_file), "--json"))
    tasks = {line["id"]: line for line in told["tasks"]}
    assert list(tasks) == ["A-1", "A-2", "A-3", "B-1", "B-2", "Z-9"]
    assert tasks["A-1"]["ratio"] == 1.25
    assert (tasks["A-2"]["spent_tokens"], tasks["A-2"]["attempts"]) == (3000, 2)
    assert tasks["A-2"]["agents"] == ["sonnet", "codex"]
    assert (tasks["A-2"]["cost_usd"], tasks["A-2"]["unpriced_attempts"]) == (0.25, 1)
    assert tasks["A-1"]["guesses"] == ["codex is priced as another"]
    assert tasks["A-2"]["guesses"] == []
    assert (tasks["A-3"]["ratio"], tasks["A-3"]["cost_usd"]) == (None, None)
    milestones = {line["id"]: line for line in told["milestones"]}
    assert milestones["A"]["estimate_tokens"] == 7000
    assert milestones["A"]["ratio"] == pytest.approx(8000 / 6000)
    assert milestones["(not in the file)"]["spent_tokens"] == 10
    agents = {line["id"]: line for line in told["agents"]}
    assert list(agents) == ["codex", "sonnet"]
    assert agents["codex"]["ratio"] == pytest.approx(7000 / 6000)
    assert (agents["sonnet"]["estimate_tokens"], agents["sonnet"]["ratio"]) == (None, None)
    assert told["total"]["spent_tokens"] == 8010
    assert told["total"]["cost_usd"] == 0.75
    assert told == json.loads(run(capsys, "report", str(spent.task_file), "--format", "json"))


def test_table(spent: Place, capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "report", str(spent.task_file))
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line}
    assert rows["A-1"][:7] == ["A-1", "done", "codex", "4K", "5K", "125%", "0"]
    assert "$0.25+" in rows["A-2"]
    assert "~$0.50" in rows["A-1"]
    assert max(map(len, out.splitlines())) <= 80


def test_a_long_mission_s_table_fits_a_terminal(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids, agents and numbers as long as they get; nothing of them is cut off."""
    text = place.task_file.read_text()
    place.task_file.write_text(text.replace("A-3", "FED-M1-10").replace("4K ", "400K"))
    with Journal.open(place.journal_file) as journal:
        run_number = journal.start_run(mission="trial", host="h", pid=1, pid_started=1.0)
        for agent in ("codex", "sonnet", "glm-5.1"):
            attempt = journal.start_attempt(
                run=run_number, task="FED-M1-10", agent=agent, branch=None, base_commit=None,
                worktree=None, log=None, route="",
            )  # fmt: skip
            journal.end_attempt(
                attempt.id, End.AS_SAID, said=Outcome.CRASHED,
                input_tokens=24_300_000, cached_tokens=23_000_000,
                output_tokens=99_999, cost_usd=None if agent == "codex" else 111.11,
            )  # fmt: skip
    out = run(capsys, "report", str(place.task_file))
    assert max(map(len, out.splitlines())) <= 80
    words = out.split()
    assert {"FED-M1-10", "not-started", "codex,", "glm-5.1", "$222.22+"} <= set(words)


def test_markdown(spent: Place, capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "report", str(spent.task_file), "--format", "markdown", "--milestone", "A")
    assert out.startswith("# trial: estimates and actuals\n\n| task | status | agents |")
    assert "| A-1 | done | codex | 4K | 5K | 125% | 0 | ~$0.50 | 1 |" in out
    assert "B-1" not in out
    assert "Z-9" not in out
    assert out.endswith(
        "The cost leaves out 1 attempt whose price is not known."
        " Numbers with ~ are a guess: codex is priced as another.\n"
    )


def test_a_milestone_that_is_not_there_is_refused(
    spent: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    err = run(capsys, "report", str(spent.task_file), "--milestone", "C", code=2)
    assert "There are: A, B" in err


def test_hostile_text_stays_in_its_cell(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    with Journal.open(place.journal_file) as journal:
        number = journal.start_run(mission="trial", host="h", pid=1, pid_started=1.0)
        journal.start_attempt(
            run=number,
            task="x\x1b[2J\n| y",
            agent="a|<b>\\",
            branch=None,
            base_commit=None,
            worktree=None,
            log=None,
            route="",
        )
    markdown = run(capsys, "report", str(place.task_file), "--format", "markdown")
    assert "| x [2J \\| y |  | a\\|&lt;b>\\\\ |" in markdown
    assert "x\\x1b[2J\\n| y" in run(capsys, "report", str(place.task_file))


def test_other_words_for_statuses_are_understood(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    text = place.task_file.read_text()
    place.task_file.write_text(text.replace("| done        |", "| finished    |"))
    place.config_file.write_text("statuses: {finished: done}\n")
    told = json.loads(run(capsys, "report", str(place.task_file), "--json"))
    assert told["tasks"][0]["status"] == "done"
