"""Which failures are which: from what a tool or its provider said to an outcome."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mission.outcome import Outcome

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
    r"(usage|session|daily|weekly|monthly|hour|opus|sonnet|haiku|spend(ing)?|credit|plan)"
    r"[ _](limit|cap)"
    r"|(hit|reached) (your|the) (?!rate)(\S{1,20} ){0,2}limit|out of (extra )?usage|quota"
    r"|(?<!rate )limit reached\W{0,3}resets|credit balance|out of credits|billing"
    r"|(?<!rate )limits? (resets?|will (reset|be available))|insufficient (\S{1,20} )?balance"
    r"|requests exhausted"
)
#: For messages without a status, tried in this order.
_BY_WORDS: tuple[tuple[str, Outcome], ...] = (
    (_QUOTA, Outcome.QUOTA),
    (
        r"authentication|unauthorized|invalid (api )?key|not logged in|run /login|permission_error",
        Outcome.AUTHENTICATION,
    ),
    (r"token (has )?expired", Outcome.AUTHENTICATION),
    (r"rate.?limit|too many requests|throttl|concurren(t requests|cy limit)", Outcome.RATE_LIMIT),
    (r"prompt is too long|context_length_exceeded", Outcome.BAD_REQUEST),
    (r"invalid_request|bad request|not_found", Outcome.BAD_REQUEST),
    (
        r"high demand|overloaded|at capacity|temporarily unavailable|timed?[ -]?out|server is busy",
        Outcome.OVERLOADED,
    ),
    (
        r"stream disconnected|connection (refused|reset|error|closed)|error sending|to connect",
        Outcome.OVERLOADED,
    ),
    (r"service.?unavailable|bad gateway|server.?error|network is unreachable", Outcome.OVERLOADED),
    (
        r"upstream connect|no such host|could not resolve|name resolution|no route to host",
        Outcome.OVERLOADED,
    ),
    (r"fetch failed|socket hang up|econn(refused|reset)|enotfound|eai_again", Outcome.OVERLOADED),
    (r"econnaborted|epipe\b|e(host|net)unreach|etimedout", Outcome.OVERLOADED),
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
    text = ends(text)
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
    found = _STATUS.search(ends(text))
    return int(found[1] or found[2]) if found else None


def ends(text: str) -> str:
    """A message without its middle: a tool's line may have many megabytes."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}\n{text[-half:]}"


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
