"""The readers on recorded event streams, on damaged ones, and on versions that tell less."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.claude_stream import ClaudeReader
from agents.codex_stream import CodexReader
from agents.protocol import AgentEvent
from agents.stream import Reader
from mission.outcome import Outcome
from mission.usage import Usage

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "tests" / "fixtures" / "agents"
READERS: dict[str, Callable[[], Reader]] = {"claude": ClaudeReader, "codex": CodexReader}

# What each stream tells: a failure, "finished", or nothing, when the tool was cut off.
FINISHED, NOTHING = "finished", "nothing"
TOLD: dict[str, Outcome | str] = {
    "claude/authentication": Outcome.AUTHENTICATION,
    "claude/bad-request": Outcome.BAD_REQUEST,
    "claude/denied": FINISHED,
    "claude/interrupted": Outcome.CRASHED,
    "claude/killed": NOTHING,
    "claude/no-change": FINISHED,
    "claude/out-of-turns": Outcome.OUT_OF_TURNS,
    "claude/overloaded": Outcome.OVERLOADED,
    "claude/quota": Outcome.QUOTA,
    "claude/rate-limit": Outcome.RATE_LIMIT,
    "claude/resumed": FINISHED,
    "claude/stalled": Outcome.CRASHED,  # how it takes our interrupt; the timer decides
    "claude/success": FINISHED,
    "claude/terminated": NOTHING,
    "claude/unknown-model": Outcome.BAD_REQUEST,
    "codex/authentication": Outcome.AUTHENTICATION,
    "codex/bad-request": Outcome.BAD_REQUEST,
    "codex/interrupted": NOTHING,
    "codex/killed": NOTHING,
    "codex/no-change": FINISHED,
    "codex/overloaded": Outcome.OVERLOADED,
    "codex/quota": Outcome.QUOTA,
    "codex/rate-limit": Outcome.RATE_LIMIT,
    "codex/resumed": FINISHED,
    "codex/stalled": NOTHING,
    "codex/success": FINISHED,
    "codex/terminated": NOTHING,
    "codex/unknown-model": Outcome.BAD_REQUEST,
}

# Recordings of other people, of the same versions, where they lie beside the project.
OTHERS = next(
    (place for up in ROOT.parents if (place := up / "shared" / "recordings").is_dir()), None
)
TOLD_BY_OTHERS: dict[str, Outcome | str] = {
    "claude/auth-error": Outcome.AUTHENTICATION,
    "claude/interrupted": Outcome.CRASHED,
    "claude/killed-in-tool": NOTHING,
    "claude/killed-while-waiting": NOTHING,
    "claude/max-turns": Outcome.OUT_OF_TURNS,
    "claude/overloaded": Outcome.OVERLOADED,
    "claude/rate-limit": Outcome.RATE_LIMIT,
    "claude/success": FINISHED,
    "claude/terminated-in-tool": FINISHED,  # it lies: the exit code and the worktree know better
    "codex/auth-error": Outcome.AUTHENTICATION,
    "codex/quota": Outcome.QUOTA,
    "codex/rate-limit": Outcome.RATE_LIMIT,
    "codex/resumed-success": FINISHED,
    "codex/server-error": Outcome.OVERLOADED,
    "codex/stream-retries": Outcome.OVERLOADED,
    "codex/terminated-in-tool": NOTHING,
}
STREAMS = [pytest.param(FIXTURES, name, told, id=name) for name, told in TOLD.items()] + [
    pytest.param(OTHERS, name, told, id=f"others/{name}")
    for name, told in TOLD_BY_OTHERS.items()
    if OTHERS is not None
]


def _read(place: Path, name: str) -> tuple[Reader, list[AgentEvent]]:
    reader = READERS[name.partition("/")[0]]()
    lines = (place / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return reader, [event for line in lines for event in reader.read(line)]


@pytest.mark.parametrize(("place", "name", "expected"), STREAMS)
def test_what_a_recorded_stream_tells(place: Path, name: str, expected: Outcome | str) -> None:
    reader, events = _read(place, name)
    told = reader.told
    assert told.session
    assert told.unreadable == 0
    assert events[0].kind == "started"
    assert all(event.text and "\n" not in event.text for event in events)
    assert told.finished is (expected == FINISHED)
    assert told.failure == (expected if isinstance(expected, Outcome) else None)
    if isinstance(expected, Outcome):
        assert told.reason
    if expected != NOTHING:
        assert events[-1].kind == "ended"


def test_every_fixture_is_expected() -> None:
    found = {f"{path.parent.name}/{path.stem}" for path in FIXTURES.glob("*/*.jsonl")}
    assert found == set(TOLD)


@pytest.mark.parametrize("tool", READERS)
def test_a_success_in_our_own_words(tool: str) -> None:
    reader, events = _read(FIXTURES, f"{tool}/success")
    assert [event.kind for event in events if event.kind != "used-tool"] == [
        "started",
        "changed-files",
        "said",
        "usage",
        "ended",
    ]
    assert reader.told.said == "Said hello."
    assert reader.told.usage.input_tokens == 300
    assert reader.told.usage.cached_tokens == 30
    assert reader.told.usage.output_tokens == 60


def test_an_empty_error_after_a_success_changes_nothing() -> None:
    reader, _ = _read(FIXTURES, "claude/success")
    used = reader.told.usage
    late = {"type": "result", "subtype": "error_during_execution", "is_error": True}
    reader.read(json.dumps(late | {"num_turns": 0, "usage": {"input_tokens": 0}}))
    assert (reader.told.finished, reader.told.failure) == (True, None)
    assert reader.told.usage == used


def test_retries_of_the_tool_are_shown_and_not_final() -> None:
    for tool, said in (("claude", "overloaded 529, try 1 of 1"), ("codex", "Reconnecting... 1/1")):
        _, events = _read(FIXTURES, f"{tool}/overloaded")
        assert any(one.kind == "retrying" and one.text.startswith(said) for one in events)


def test_an_attempt_that_was_cut_off_has_used_what_was_seen() -> None:
    reader, _ = _read(FIXTURES, "claude/killed")
    assert reader.told.usage.input_tokens == 100
    assert reader.told.usage.output_tokens > 0


def _result(input_tokens: int, output_tokens: int, cost: float) -> str:
    usage = {"input_tokens": input_tokens, "output_tokens": output_tokens}
    result = {"type": "result", "subtype": "success", "is_error": False, "result": "Done."}
    return json.dumps({**result, "usage": usage, "total_cost_usd": cost})


def _said(input_tokens: int) -> str:
    message = {"id": "m", "model": "x", "content": [], "usage": {"input_tokens": input_tokens}}
    return json.dumps({"type": "assistant", "message": message})


@pytest.mark.parametrize(
    ("total", "output", "cost"),
    [(100, 20, 0.1), (1_100, 220, 0.6)],
    ids=["of the attempt", "of the session"],
)
def test_usage_of_a_resumed_session_is_the_attempt_s_own(
    total: int, output: int, cost: float
) -> None:
    before = Usage(input_tokens=1_000, output_tokens=200, cost_usd=0.5)
    reader = ClaudeReader(before)
    reader.read(_said(100))
    reader.read(_result(total, output, cost))
    assert reader.told.usage.input_tokens == 100
    assert reader.told.usage.output_tokens == 20
    assert reader.told.usage.cost_usd == pytest.approx(0.1)


def test_codex_counts_the_whole_thread() -> None:
    reader = CodexReader(Usage(input_tokens=100, cached_tokens=10, output_tokens=20))
    for line in (FIXTURES / "codex" / "resumed.jsonl").read_text(encoding="utf-8").splitlines():
        reader.read(line)
    assert reader.told.usage == Usage(input_tokens=100, cached_tokens=10, output_tokens=20)


def test_a_rate_limit_event_says_when_it_ends() -> None:
    reader = ClaudeReader()
    event = {"type": "rate_limit_event", "rate_limit_info": {"status": "allowed", "resetsAt": 1}}
    assert reader.read(json.dumps(event)) == ()
    event["rate_limit_info"] = {"status": "rejected", "resetsAt": 1767225600}
    shown = reader.read(json.dumps(event))[0]
    assert (shown.kind, shown.text) == ("retrying", "rate limit until 2026-01-01 00:00:00 UTC")
    assert reader.told.retry_at == datetime(2026, 1, 1, tzinfo=UTC)
    said = {"type": "result", "subtype": "success", "is_error": True, "api_error_status": 429}
    reader.read(json.dumps(said | {"result": "You've hit your limit · resets 3am"}))
    assert reader.told.retry_at == datetime(2026, 1, 1, tzinfo=UTC)  # worth more than words


def test_codex_s_quota_ends_at_a_time_of_day() -> None:
    now = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    reader = CodexReader(now=lambda: now)
    failed = {"type": "turn.failed", "error": {"message": "usage limit. try again at 5:30 PM."}}
    reader.read(json.dumps(failed))
    assert reader.told.retry_at == now.replace(hour=17, minute=31)  # when that minute has ended


def test_codex_passes_on_the_provider_s_own_time() -> None:
    message = '{"error": {"type": "usage_limit_reached", "message": "x", "resets_at": 1767225600}}'
    reader = CodexReader()
    reader.read(json.dumps({"type": "turn.failed", "error": {"message": message}}))
    assert reader.told.failure is Outcome.QUOTA
    assert reader.told.retry_at == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("tool", READERS)
@pytest.mark.parametrize(
    "line",
    [
        "npm warn deprecated",
        "{",
        '{"type": "result", "subtype":',
        "[1, 2]",
        '"text"',
        "{" * 100_000,
        '{"a":' * 50_000,
        "\x00\ufffd",
    ],
)
def test_a_damaged_line_is_counted_and_stops_nothing(tool: str, line: str) -> None:
    reader = READERS[tool]()
    assert reader.read(line) == ()
    assert reader.told.unreadable == 1
    assert not reader.told.finished


@pytest.mark.parametrize("tool", READERS)
def test_a_line_of_many_megabytes_is_read(tool: str) -> None:
    reader = READERS[tool]()
    text = "x" * 8_000_000
    said = {"type": "item.completed", "item": {"type": "agent_message", "text": text}}
    message = {"id": "m", "model": "x", "content": [{"type": "text", "text": text}]}
    line = json.dumps({"claude": {"type": "assistant", "message": message}, "codex": said}[tool])
    (event,) = reader.read(line)
    assert len(event.text) == 300
    assert reader.told.said == text


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=4,
)
_FIELDS = st.sampled_from(
    [
        "message",
        "item",
        "usage",
        "modelUsage",
        "error",
        "errors",
        "result",
        "is_error",
        "content",
        "permission_denials",
        "rate_limit_info",
        "resetsAt",
        "subtype",
        "total_cost_usd",
        "changes",
    ]
)
_TYPES = st.sampled_from(
    [
        "system",
        "assistant",
        "result",
        "rate_limit_event",
        "thread.started",
        "item.started",
        "item.completed",
        "turn.completed",
        "turn.failed",
        "error",
        "from.the.future",
    ]
)


@given(st.sampled_from(sorted(READERS)), _TYPES, st.dictionaries(_FIELDS, _JSON, max_size=5))
def test_no_event_however_strange_stops_a_reader(
    tool: str, kind: str, fields: dict[str, object]
) -> None:
    reader = READERS[tool]()
    for event in reader.read(json.dumps({"type": kind, **fields})):
        assert "\n" not in event.text
    assert reader.told.usage.input_tokens >= 0


@given(st.sampled_from(sorted(TOLD)), st.data())
def test_a_recording_damaged_anywhere_stops_no_reader(name: str, data: st.DataObject) -> None:
    text = (FIXTURES / f"{name}.jsonl").read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    damaged = text[:start] + data.draw(st.text(max_size=5)) + text[end:]
    reader = READERS[name.partition("/")[0]]()
    for line in damaged.split("\n"):
        reader.read(line)
    assert reader.told.unreadable >= 0
