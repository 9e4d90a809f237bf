"""Which failure is which, and when a limit ends. The messages are ones that the tools printed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from agents.outcomes import ADVICE, classify, no_change, retry_time
from agents.protocol import Outcome

NOW = datetime(2026, 11, 23, 15, 33, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("text", "status", "outcome"),
    [
        ("Invalid API key · Fix external API key", 401, Outcome.AUTHENTICATION),
        ("Credit balance is too low", 400, Outcome.QUOTA),
        ("API Error: Request rejected (429) · slow down", 429, Outcome.RATE_LIMIT),
        ("API Error: 529 Overloaded. This is a server-side issue", 529, Outcome.OVERLOADED),
        ("API Error: 500 boom.", None, Outcome.OVERLOADED),
        ("API Error: 400 bad thing", 400, Outcome.BAD_REQUEST),
        ("There's an issue with the selected model (x)", 404, Outcome.BAD_REQUEST),
        ("You’ve hit your usage limit. Try again later.", None, Outcome.QUOTA),
        ("You've hit your limit · resets 6pm (Europe/Athens)", 429, Outcome.QUOTA),
        ("5-hour limit reached ∙ resets 3pm", None, Outcome.QUOTA),
        ("exceeded retry limit, last status: 429 Too Many Requests", None, Outcome.RATE_LIMIT),
        (
            "unexpected status 401 Unauthorized: bad key, url: http://x",
            None,
            Outcome.AUTHENTICATION,
        ),
        ("unexpected status 404 Not Found: model gone, url: http://x", None, Outcome.BAD_REQUEST),
        ("We’re currently experiencing high demand, which", None, Outcome.OVERLOADED),
        ("Selected model is at capacity. Please try a", None, Outcome.OVERLOADED),
        ("stream disconnected before completion: idle timeout", None, Outcome.OVERLOADED),
        ("invalid_request_error: bad thing", None, Outcome.BAD_REQUEST),
        ("[ede_diagnostic] result_type=user", None, Outcome.CRASHED),
        ("", None, Outcome.CRASHED),
    ],
)
def test_messages_of_the_tools(text: str, status: int | None, outcome: Outcome) -> None:
    assert classify(text, status) is outcome


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("or try again at 5:33 PM.", NOW.replace(hour=17)),
        ("or try again at 9:05 AM.", NOW.replace(day=24, hour=9, minute=5)),
        ("try again at 12:10 AM.", NOW.replace(day=24, hour=0, minute=10)),
        ("try again at Nov 25th, 2026 12:00 PM.", NOW.replace(day=25, hour=12, minute=0)),
        ("Please try again in 11.5s.", NOW + timedelta(seconds=11.5)),
        ("Try again in 2 days 4 hours 5 minutes.", NOW + timedelta(days=2, hours=4, minutes=5)),
        ("You've hit your limit · resets 6pm (Europe/Athens)", NOW.replace(hour=18, minute=0)),
        ("5-hour limit reached ∙ resets 3:30pm", NOW.replace(day=24, hour=15, minute=30)),
        ("retry after 30 seconds", NOW + timedelta(seconds=30)),
        ("Please try again in 250ms", NOW + timedelta(milliseconds=250)),
        ("usage limit reached|1767225600", datetime(2026, 1, 1, tzinfo=UTC)),
        ("Try again later.", None),
        ("try again at 99:99 PM", None),
        ("try again at Feb 31st, 2026 1:00 PM", None),
        ("try again in 999999999999 days", None),
    ],
)
def test_when_a_limit_ends(text: str, until: datetime | None) -> None:
    assert retry_time(text, NOW) == until


def test_every_outcome_says_what_a_person_should_do() -> None:
    assert set(ADVICE) == set(Outcome)


def test_success_without_a_change_is_none() -> None:
    assert no_change("codex", said="All done!", denied="") == (
        Outcome.NO_CHANGES,
        "codex reported success and changed no file; it said: All done!",
    )


def test_success_without_a_change_after_a_refusal_is_a_refusal() -> None:
    assert no_change("codex", said="", denied="`touch /etc/x` (Read-only file system)") == (
        Outcome.REFUSED,
        "codex was not allowed to: `touch /etc/x` (Read-only file system)",
    )
