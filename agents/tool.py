"""Runs an agent's command-line tool, and says in our words how the process ended."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from agents.guards import guard_git
from agents.home import Belongings, at_home
from agents.limit_end import limit_end
from agents.protocol import Brief, Result
from agents.sandbox import confine
from agents.stream import local_now
from errors import DiskError, MissionError, told
from mission.outcome import LIMITS, Outcome
from workspace.process import ProcessEnd, ProcessSpec, Stop, run_process
from workspace.redact import Redactor

#: Names that every tool needs where a proxy stands between it and its model.
NETWORK = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    "NODE_EXTRA_CA_CERTS",
)

LONGEST_SUMMARY = 4_000  # characters: it goes into the journal, the notes, the next brief
LONGEST_ANSWER = 1_000_000  # characters: a report, a review, a plan

# Control characters but for white space, and the halves of pairs that no file can hold.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# It goes onto command lines and into the environment, where `-x` would be an option.
_SESSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@/+=-]{0,199}")

#: Gets the stream's name (`stdout`, `stderr`) and one line, secrets redacted, without its end.
OnLine = Callable[[str, str], None]


def redactor_for(brief: Brief) -> Redactor:
    """Knows every secret of the runner's own environment and of the agent's."""
    return Redactor.from_environment({**os.environ, **brief.environment})


def run_tool(
    argv: Sequence[str],
    brief: Brief,
    stop: Stop,
    on_line: OnLine,
    *,
    environment: Mapping[str, str] | None = None,
    on_ask: Callable[[], None] | None = None,
    belongings: Belongings | None = None,
    unread: Callable[[bytes], bool] | None = None,
) -> ProcessEnd | Result:
    """Run `argv` in the brief's worktree, in its sandbox, with the brief on standard input, which
    is then closed.

    Args:
        environment: All that the tool gets to see; the brief's own if not given.
        on_ask: Called just before the tool is asked to end, if it does not end by itself.
        belongings: What it keeps in a home folder: in a sandbox it gets one of its own.
        unread: Which lines are neither read nor kept. Pieces of a text must be among them: a secret
            that is spread over several is not found.

    Returns:
        How the process ended, or the attempt's result where it could not even be started.

    Raises:
        OSError, DiskError: A disk takes nothing.
    """
    redactor = redactor_for(brief)
    given = brief.environment if environment is None else environment

    def redact(line: bytes) -> bytes | None:
        return None if unread is not None and unread(line) else redactor.line(line)

    def take(stream: str, line: bytes) -> None:
        on_line(stream, line.decode("utf-8", "replace").rstrip("\r\n"))

    shown = [brief.scratch, *([brief.programs] if brief.programs is not None else [])]
    try:
        with at_home(brief, given, belongings) as home:
            seen = {**given, **(home.environment if home is not None else {})}
            spec = ProcessSpec(
                argv=confine(argv, brief.worktree, brief.sandbox, seen, home=home, show=shown),
                cwd=brief.worktree,
                environment=guard_git(brief, seen),
                stdin=brief.text.encode(),
                log=brief.log,
                start=brief.timeouts.start,
                silence=brief.timeouts.silence,
                total=brief.timeouts.total,
                on_line=take,
                redact=redact,
                on_ask=on_ask,
            )
            brief.started.confined = True
            end = run_process(spec, stop, brief.on_start)
    except (OSError, MissionError) as error:
        if isinstance(told(error), DiskError):
            raise  # it is no fault of the tool's, and no other one would do better
        return Result(outcome=Outcome.BLOCKED, summary=redactor.text(str(error)))
    return end


def as_told(result: Result, brief: Brief) -> Result:
    """`result` with its texts as they may be kept and shown: bounded, without secrets, which JSON's
    escapes may have hidden while they were logged, and without what no file or terminal takes."""
    redact = redactor_for(brief).text
    session = result.session
    until = result.retry_at
    if until is None and result.outcome in LIMITS:  # not all tools have an event for it
        until = limit_end(result.summary, local_now())
    return replace(
        result,
        summary=shorten(redact(_UNFIT.sub("\ufffd", result.summary))),
        answer=redact(_UNFIT.sub("\ufffd", result.answer)),
        session=session if session and _SESSION.fullmatch(session) else None,
        retry_at=until,
    )


def shorten(summary: str) -> str:
    """`summary`, with its middle left out if it is too long for the journal."""
    if len(summary) <= LONGEST_SUMMARY:
        return summary
    half = LONGEST_SUMMARY // 2 - 3
    return f"{summary[:half]} […] {summary[-half:]}"


def cut_short(end: ProcessEnd, brief: Brief, stop: Stop) -> tuple[Outcome, str] | None:
    """The outcome of a process that did not end by itself, with its reason; None if it did."""
    limits = brief.timeouts
    match end.ended_by:
        case "stop":
            return Outcome.STOPPED, stop.reason or "the run was stopped"
        case "start":
            return Outcome.SILENT, f"it printed nothing in its first {limits.start}"
        case "silence":
            return Outcome.SILENT, f"it printed nothing for {limits.silence}"
        case "total":
            return Outcome.TIMED_OUT, f"it was still working after {limits.total}"
        case _:
            pass
    killer = end.signal or _caught(end.exit_code)
    if killer:
        return Outcome.KILLED, f"something outside the run killed it with signal {killer}"
    return None


def _caught(exit_code: int | None) -> int | None:
    """The signal that a program caught before it exited, by the shells' custom; None if none."""
    ends = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, signal.SIGTERM}
    number = (exit_code or 0) - 128
    return number if number in ends else None


def missing_tool(program: str, remedy: str, *, path: str | None = None) -> str | None:
    """What to say when `program` is not on this machine; None if it is.

    Args:
        remedy: What to type to get it.
        path: Where to look, as in `PATH`; the runner's own if not given.
    """
    if "/" in program and not program.startswith("/"):
        return f"{program} would be sought in the worktree: name it by its absolute path"
    if shutil.which(program, path=path):
        return None
    return f"{program} is not installed: {remedy}"
