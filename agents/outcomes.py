"""What an outcome means: which failures are which, what a person should do about each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from agents.protocol import Outcome

#: What a person should do, one line for each outcome.
ADVICE: Mapping[Outcome, str] = {
    Outcome.SUCCESS: "Nothing: the runner verifies and merges it",
    Outcome.NEEDS_QA: "Look at the branch, then `mission approve` or `mission reject`",
    Outcome.NO_CHANGES: "Read the log for what the agent did instead, make the description clearer,"
    " then `mission retry`",
    Outcome.REFUSED: "Allow what it asked for under `agents:` in mission.yaml (`allow`, `sandbox`),"
    " or take it out of the task, then `mission unblock`",
    Outcome.AUTHENTICATION: "Log the tool in, or set its key in the environment of the run, then"
    " `mission unblock`",
    Outcome.QUOTA: "Wait until it is refilled, or buy more; the run goes on by itself",
    Outcome.RATE_LIMIT: "Nothing: the run waits for this provider and goes on by itself",
    Outcome.OVERLOADED: "Nothing yet: the run tries again; look at the provider's status page",
    Outcome.BAD_REQUEST: "Read the reason: often a model name or a setting under `agents:` in"
    " mission.yaml; then `mission unblock`",
    Outcome.OUT_OF_TURNS: "Split the task, or raise `max_turns` of the agent",
    Outcome.BUDGET: "Raise the task's estimate or its budget, then `mission unblock`",
    Outcome.SILENT: "Read the end of its log, which `mission history ID` names; raise"
    " `timeouts.silence` if the work is that slow",
    Outcome.TIMED_OUT: "Split the task, or raise `timeouts.total` of the agent",
    Outcome.STOPPED: "Type `mission run` to go on",
    Outcome.KILLED: "Look for the out-of-memory killer in the system's log; the run tries again",
    Outcome.CRASHED: "Read the end of its log, which `mission history ID` names",
    Outcome.BLOCKED: "Provide what the reason names, then `mission unblock`",
}

#: What an HTTP status means where nothing in the message says otherwise.
_BY_STATUS: Mapping[int, Outcome] = {
    401: Outcome.AUTHENTICATION,
    402: Outcome.QUOTA,
    403: Outcome.AUTHENTICATION,
    408: Outcome.OVERLOADED,
    429: Outcome.RATE_LIMIT,
}
_BY_CLASS: Mapping[int, Outcome] = {4: Outcome.BAD_REQUEST, 5: Outcome.OVERLOADED}

_QUOTA = (
    r"(usage|session|weekly|hour|spend(ing)?) limit|hit your limit|quota"
    r"|credit balance|out of credits|billing"
)
#: For messages without a status, tried in this order.
_BY_WORDS: tuple[tuple[str, Outcome], ...] = (
    (_QUOTA, Outcome.QUOTA),
    (
        r"authentication|unauthorized|invalid (api )?key|not logged in|run /login|permission_error",
        Outcome.AUTHENTICATION,
    ),
    (r"rate.?limit|too many requests", Outcome.RATE_LIMIT),
    (r"invalid_request|bad request|not_found", Outcome.BAD_REQUEST),
    (
        r"high demand|overloaded|at capacity|temporarily unavailable|timed? ?out",
        Outcome.OVERLOADED,
    ),
    (
        r"stream disconnected|connection (refused|reset|error|closed)|error sending|to connect",
        Outcome.OVERLOADED,
    ),
)
_LONGEST = 20_000  # characters of a message that are read: half of them at its end
_STATUS = re.compile(
    r"\b(?:status|error|code)\b\W{0,3}(?:code\W{0,3})?(\d{3})\b|\((\d{3})\)", re.IGNORECASE
)


def classify(text: str, status: int | None = None) -> Outcome:
    """Which failure an error is, by its HTTP status where there is one, else by its words.

    Args:
        status: The HTTP status, where the tool tells it apart; else one in `text` counts.

    Returns:
        The outcome; what is not recognised is a crash.
    """
    text = _ends(text)
    code = status or status_in(text)
    if code in {400, 403, 429} and re.search(_QUOTA, text, re.IGNORECASE):
        return Outcome.QUOTA
    if code is not None and code // 100 in _BY_CLASS:
        return _BY_STATUS.get(code, _BY_CLASS[code // 100])
    for pattern, outcome in _BY_WORDS:
        if re.search(pattern, text, re.IGNORECASE):
            return outcome
    return Outcome.CRASHED


def status_in(text: str) -> int | None:
    """The HTTP status that an error message names, if it names one."""
    found = _STATUS.search(_ends(text))
    return int(found[1] or found[2]) if found else None


def _ends(text: str) -> str:
    """A message without its middle: a tool's line may have many megabytes."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}\n{text[-half:]}"


_SPAN = re.compile(
    r"(?:again|resets?|retry)\s+(?:in|after)\s+((?:\d+(?:\.\d+)?\s*[a-z]+[\s,]*(?:and\s+)?)+)",
    re.IGNORECASE,
)
_PART = re.compile(r"(?<!\d)(\d++(?:\.\d++)?)\s*+(d|h|ms|m|s)[a-z]*", re.IGNORECASE)
_UNIT = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_EPOCH = re.compile(r"\|(\d{10})\b")
_CLOCK = re.compile(
    r"(?:again at|resets(?: at)?) "
    r"(?:(?P<month>[a-z]{3})[a-z]* (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4}),? )?"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))? ?(?P<half>[ap])m\b",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def retry_time(text: str, now: datetime) -> datetime | None:
    """When a message says that a limit ends; None if it does not say.

    Understood are `try again in 2 hours 5 minutes`, `try again at 5:33 PM`, `resets 3pm`, the same
    with a date (`at Nov 25th, 2026 5:33 PM`), and seconds since 1970 after a bar, `…|1767225600`.

    Args:
        now: The moment of the message; aware. Times of day are in its zone.
    """
    text = _ends(text)
    stamp = _EPOCH.search(text)
    if stamp:
        return datetime.fromtimestamp(int(stamp[1]), UTC)
    clock = _CLOCK.search(text)
    if clock:
        return _at(clock, now)
    span = _SPAN.search(text)
    if not span:
        return None
    seconds = sum(float(n) * _UNIT[unit.lower()] for n, unit in _PART.findall(span[1]))
    try:
        return now + timedelta(seconds=seconds) if seconds else None
    except OverflowError:
        return None


def _at(clock: re.Match[str], now: datetime) -> datetime | None:
    """The next moment that the clock time names."""
    hour = int(clock["hour"]) % 12 + (12 if clock["half"].lower() == "p" else 0)
    try:
        moment = now.replace(hour=hour, minute=int(clock["minute"] or 0), second=0, microsecond=0)
        if clock["month"]:
            month = _MONTHS.index(clock["month"].lower()) + 1
            return moment.replace(year=int(clock["year"]), month=month, day=int(clock["day"]))
    except ValueError:
        return None
    return moment if moment > now else moment + timedelta(days=1)


def no_change(agent: str, *, said: str, denied: str) -> tuple[Outcome, str]:
    """What it means, with its reason, that an agent reported success and changed no file.

    Args:
        said: Its own words.
        denied: What its tool was not allowed to do, as the tool tells it; may be empty.
    """
    told = f"; it said: {said}" if said else ""
    if denied:
        return Outcome.REFUSED, f"{agent} was not allowed to: {denied}{told}"
    return Outcome.NO_CHANGES, f"{agent} reported success and changed no file{told}"
