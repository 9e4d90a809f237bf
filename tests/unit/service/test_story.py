"""Everything about one row."""

from __future__ import annotations

import json

import pytest

from errors import TaskFileError
from mission.journal import End, Journal, Step
from mission.journal.kinds import GateAnswered, Merged, NoReview, ReviewMade, Verified
from mission.place import Place
from service.story import read_story


def attempt_at(journal: Journal, run: int, task: str) -> int:
    attempt = journal.start_attempt(
        run=run,
        task=task,
        agent="sonnet",
        branch="feat/2",
        base_commit="b" * 40,
        worktree="/w",
        log="/logs/A-2-1.log",
        route="",
    )
    return attempt.id


def test_a_row_s_story_has_every_attempt_with_what_happened_in_it(place: Place) -> None:
    with Journal.open(place.journal_file) as journal:
        run = journal.start_run(mission="trial", host="h", pid=1, pid_started=1.0)
        first, other = attempt_at(journal, run, "A-2"), attempt_at(journal, run, "A-3")
        red = Verified(step="tests", ok=False, tree="t", log="/logs/tests.log")
        journal.record(red, task="A-2", attempt=first)
        for step in (Step.ANSWERED, Step.WORKED):
            journal.advance_attempt(first, step)
        journal.end_attempt(first, End.VERIFICATION, "tests: failed", input_tokens=100)
        second = attempt_at(journal, run, "A-2")
        none = NoReview(chain=0, head="h", reviewer="glm", outcome="crashed", reason="gone")
        journal.record(none, task="A-2", attempt=second)
        made = ReviewMade(
            chain=0, head="h", reviewer="opus", verdict="pass", passed=True, text="fine", answer=""
        )
        journal.record(made, task="A-2", attempt=second)
        for state in ("busy", "clear"):
            answered = GateAnswered(gate="queue", purpose="push", state=state)
            journal.record(answered, task="A-2", attempt=second)
        journal.record(Merged(commit="c" * 40), task="A-2", attempt=second)
        journal.end_attempt(second, End.SUCCESS, head="d" * 40, output_tokens=20, summary="done")
        green = Verified(step="tests", ok=True, tree="u", together=("A-2", "A-3"))
        journal.record(green, task="A-3", attempt=other)
        journal.submit_request("retry", "A-2", by="ann@here")
    story = read_story(place, "A-2")
    before, last = story.chapters
    assert (before.attempt.outcome, before.diff, before.merged) == ("verification", None, None)
    assert before.logs == ("/logs/A-2-1.log", "/logs/tests.log")
    assert [event.what.state for event in last.gates] == ["busy", "clear"]
    assert last.diff == ("b" * 40, "d" * 40)
    assert last.merged == "c" * 40
    assert last.logs == ("/logs/A-2-1.log", "/logs/A-2-1.glm.log", "/logs/A-2-1.opus.log")
    assert last.attempt.summary == "done"
    assert [event.what.step for event in story.together] == ["tests"]
    assert [request.by for request in story.requests] == ["ann@here"]
    assert story.usage.tokens == 120
    told = json.loads(json.dumps(story.data(), default=str))
    assert told["chapters"][1]["gates"] == [event.id for event in last.gates]
    assert told["status"] == "not-started"


def test_a_row_that_is_gone_keeps_its_story_and_a_name_that_never_was_has_none(
    place: Place,
) -> None:
    with Journal.open(place.journal_file) as journal:
        run = journal.start_run(mission="trial", host="h", pid=1, pid_started=1.0)
        attempt_at(journal, run, "A-2")
    assert read_story(place, "A-3").chapters == ()
    with pytest.raises(TaskFileError, match="no task 'A-9'"):
        read_story(place, "A-9")
    place.task_file.write_text("# All gone")
    story = read_story(place, "A-2")
    assert story.row is None
    assert len(story.chapters) == 1
