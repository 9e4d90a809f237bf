"""Tries all that reads foreign text on the worst megabyte that it could be given.

A program: it prints as JSON the names of what took too long, and, to show that it would find them,
those of careless patterns.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from agents.answers import read_answer
from agents.fence import fence
from agents.limit_end import limit_end
from agents.outcomes import classify
from agents.stream import Told
from agents.streamed import judge_end
from errors import AgentError
from orchestrator.loop.notes import with_word
from policy.review import Review
from tests.integration.project.patterns import Pattern, patterns, use
from tests.integration.project.worst_texts import Text, worst
from workspace.output import plain
from workspace.process import ProcessEnd
from workspace.redact import Redactor

# Which text is the worst shows in little: a pattern that looks at each pair of places makes two
# million steps of the first length. What is among the slowest goes on to the next; one look says
# nothing, because a process that has just been forked pays for its first pages.
HEATS = ((2_000, 24, 3), (20_000, 6, 3), (200_000, 1, 1))  # characters; texts that go on; looks
WHOLE = 1_000_000  # characters; here the same pattern would take hours
# Of the processor's time, so that a busy machine does not count.
SECONDS = 20.0
# Patterns that were ours, or look as if they could be.
CARELESS = (
    r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
    r"^\s*`{3,}(?:json)?[ \t]*\n((?:.|\n)*?)^\s*`{3,}[ \t]*$",
    r"^\W*(NEEDS-QA|BLOCKED)\W*:\s*(.+)",
    r"\s*\[mission: [^\[\]]*\]\s*$",
)


def _bound(seconds: float = SECONDS) -> None:
    """For so long; then a signal ends the process, even where `re` holds the interpreter."""
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)


def _try(pattern: Pattern) -> None:
    """Try at the full length the texts that are the worst in little."""

    def seconds(text: Text, length: int, count: int) -> float:
        written = text.written(length, pattern.compiled)
        looks = []
        for _ in range(count):
            began = time.process_time()
            use(pattern, written)
            looks.append(time.process_time() - began)
        return min(looks)

    texts = worst(pattern.compiled)
    for length, kept, count in HEATS:
        slowness = functools.partial(seconds, length=length, count=count)
        texts = sorted(texts, key=slowness, reverse=True)[:kept]
    for text in texts:
        use(pattern, text.written(WHOLE, pattern.compiled))


def _read(name: str) -> None:
    reader, texts = READERS[name]
    for text in texts:
        reader(text * (WHOLE // len(text)))


def _answer(text: str) -> None:
    with contextlib.suppress(AgentError):
        read_answer(text, Review, "review")


def _request(text: str) -> None:
    end = ProcessEnd(exit_code=0, signal=None, ended_by="exit", seconds=1.0, tail="")
    judge_end(end, Told(finished=True, said=text), (), None)


#: What reads foreign text with more than one pattern, and texts that are repeated for it.
READERS: dict[str, tuple[Callable[[str], object], tuple[str, ...]]] = {
    "answer": (
        _answer,
        ("\n", "```json\n", "{", '{"', '{"a":', '{"a":[', '{"a":1,', "{ ", "```\n{}\n", "[", '"'),
    ),
    "request": (_request, ("\n", "- ", "BLOCKED: ", "BLOCKED:\n", "NEEDS-QA")),
    "notes": (lambda text: with_word(text, "merged"), ("\n", "[mission: ", "[mission: a] ", "]")),
    "redaction": (
        Redactor(["a secret of ours"]).text,
        (
            "eyJ-",
            "eyJaaaaaaaa.",
            "://a:",
            "sk-",
            "-----BEGIN PRIVATE KEY-----\n",
            "a secret of our",
        ),
    ),
    "shown": (plain, ("\x1b[", "\x1b]", "\x1b", "\x1b[1;")),
    "quoted": (fence, ("`", "\n", "\x00")),
    "limits": (
        lambda text: (classify(text), limit_end(text, datetime.now(UTC))),
        ("9", "again in 9", "again in ", "9 ", "1.", "error code ", "resets "),
    ),
}


def ended(tries: Mapping[str, Callable[[], None]], seconds: float) -> list[str]:
    """The names of those that took longer than `seconds`, or raised. Each has a process."""
    found = []
    for name, one in tries.items():
        child = os.fork()
        if child == 0:
            _bound(seconds)
            try:
                one()
            finally:
                os._exit(sys.exc_info()[0] is not None)
        if os.waitpid(child, 0)[1] != 0:
            found.append(name)
    return found


if __name__ == "__main__":
    ours = {name: functools.partial(_try, one) for name, one in patterns().items()}
    readers = {name: functools.partial(_read, name) for name in READERS}
    careless = {
        one: functools.partial(
            _try,
            Pattern(
                name=one, compiled=re.compile(one, re.MULTILINE), methods=frozenset({"search"})
            ),
        )
        for one in CARELESS
    }
    sys.stdout.write(
        json.dumps(
            {
                "tried": len(ours),
                "too_slow": ended(ours | readers, SECONDS),
                "careless": ended(careless, 1),
            }
        )
    )
