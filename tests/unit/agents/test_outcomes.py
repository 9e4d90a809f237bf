"""Which failure is which. The messages are ones that the tools printed."""

from __future__ import annotations

import pytest

from agents.outcomes import classify, no_change
from mission.outcome import ADVICE, Outcome


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
        ("Opus weekly limit reached ∙ resets Oct 6, 1pm", None, Outcome.QUOTA),
        ("You've hit your Opus limit · resets Oct 6, 1pm (UTC)", None, Outcome.QUOTA),
        ("You've reached your Fable 5 limit", None, Outcome.QUOTA),
        ("You're out of extra usage · resets 7pm (Asia/Tokyo)", None, Outcome.QUOTA),
        ("Claude AI usage limit reached|1767225600", None, Outcome.QUOTA),
        ("Spending cap reached resets 5:30pm", None, Outcome.QUOTA),
        ("Rate limit reached for gpt-5 (TPM): try again in 11.5s", None, Outcome.RATE_LIMIT),
        ("You have reached your rate limit", None, Outcome.RATE_LIMIT),
        ("exceeded retry limit, last status: 429 Too Many Requests", None, Outcome.RATE_LIMIT),
        (
            "unexpected status 401 Unauthorized: bad key, url: http://x",
            None,
            Outcome.AUTHENTICATION,
        ),
        ("unexpected status 404 Not Found: model gone, url: http://x", None, Outcome.BAD_REQUEST),
        ("We’re currently experiencing high demand, which", None, Outcome.OVERLOADED),
        ("503 Service Unavailable", None, Outcome.OVERLOADED),
        ("TypeError: fetch failed (getaddrinfo EAI_AGAIN api.example)", None, Outcome.OVERLOADED),
        ("API Error: Connection error.", None, Outcome.OVERLOADED),
        ("Selected model is at capacity. Please try a", None, Outcome.OVERLOADED),
        ("stream disconnected before completion: idle timeout", None, Outcome.OVERLOADED),
        ("1113: Insufficient balance or no resource package", None, Outcome.QUOTA),
        ("Insufficient account balance", 429, Outcome.QUOTA),
        ("Premium requests exhausted, resets Dec 1", None, Outcome.QUOTA),
        ("Your limits reset on Friday, November 28 at 6:00 PM", None, Outcome.QUOTA),
        ("Limit will be available again tomorrow at 00:00 UTC", None, Outcome.QUOTA),
        ("ThrottlingException: Too many tokens, please wait", None, Outcome.RATE_LIMIT),
        ("Number of concurrent requests has been exceeded", None, Outcome.RATE_LIMIT),
        ("OAuth token has expired. Please obtain a new token", None, Outcome.AUTHENTICATION),
        ("upstream connect error or disconnect/reset before headers", None, Outcome.OVERLOADED),
        ("Server is busy, please try again later", None, Outcome.OVERLOADED),
        ("dial tcp: lookup api.example: no such host", None, Outcome.OVERLOADED),
        ("Could not resolve host: api.example", None, Outcome.OVERLOADED),
        ("504 Gateway Time-out", None, Outcome.OVERLOADED),
        ("connect EHOSTUNREACH 10.0.0.1:443", None, Outcome.OVERLOADED),
        ("write EPIPE", None, Outcome.OVERLOADED),
        ("read ETIMEDOUT", None, Outcome.OVERLOADED),
        ("Temporary failure in name resolution", None, Outcome.OVERLOADED),
        ("invalid_request_error: bad thing", None, Outcome.BAD_REQUEST),
        ("[ede_diagnostic] result_type=user", None, Outcome.CRASHED),
        ("", None, Outcome.CRASHED),
    ],
)
def test_messages_of_the_tools(text: str, status: int | None, outcome: Outcome) -> None:
    assert classify(text, status) is outcome


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
