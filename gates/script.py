"""The gate that is a program of the user's: exit code 0 says clear, every other one does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from errors import ProcessError
from gates.protocol import GateRequest, GateState, GateVerdict
from workspace.process import ProcessEnd, ProcessSpec, Stop, allowed_environment, run_process

TEMPORARY_FAILURE = 75  # EX_TEMPFAIL of sysexits.h: try again later

# Set for the program, so that a `mission gate queue` in it does not ask this gate again.
IN_GATE = "MISSION_IN_GATE"

# `ci-queue-wait.sh` and its like document nothing but 0. What a program means by another code is
# unknown to us, so it is asked again until the time is up; `exit_codes` in mission.yaml knows more.
DEFAULT_EXIT_CODES: Mapping[int, GateState] = {
    TEMPORARY_FAILURE: GateState.BUSY,
    2: GateState.FAILED,  # misused: asking again changes nothing
    126: GateState.FAILED,  # found, but not executable
    127: GateState.FAILED,  # not found
}

#: What is filled in where it stands in braces in the argv.
PLACEHOLDERS = ("purpose", "branch", "base", "commit")
_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptGate:
    """Runs `argv` once for each question, without a shell."""

    argv: Sequence[str]  # with {purpose}, {branch}, {base} and {commit} to be filled in
    folder: Path  # where it runs
    name: str = "script"
    timeout: timedelta = timedelta(minutes=30)  # for one run; the caller's time bounds it too
    exit_codes: Mapping[int, GateState] = field(default_factory=dict)  # over the default ones
    environment: Mapping[str, str] = field(default_factory=allowed_environment, repr=False)
    redact: Callable[[bytes], bytes] | None = None  # takes secrets out of what it prints
    stop: Stop = field(default_factory=Stop)  # ends the program

    def check(self, request: GateRequest) -> GateVerdict:
        """Run the program. Fail closed: only exit code 0 is clear."""
        if request.branch.startswith("-"):
            return self._verdict(GateState.FAILED, f"branch name {request.branch!r} is an option")
        limit = self.timeout if request.patience is None else min(self.timeout, request.patience)
        argv = fill_in(self.argv, request)
        spec = ProcessSpec(
            argv=argv,
            cwd=self.folder,
            environment={**self.environment, IN_GATE: self.name},
            # Even a caller without patience gets one answer, if the program gives it soon.
            total=max(limit, timedelta(seconds=5)),
            redact=self.redact,
        )
        try:
            end = run_process(spec, self.stop)
        except ProcessError as error:
            return self._verdict(GateState.FAILED, f"{argv[0]} cannot be run: {error}")
        return self._verdict(*self._read(end), commit=request.commit)

    def _read(self, end: ProcessEnd) -> tuple[GateState, str]:
        if end.ended_by != "exit":
            return GateState.UNKNOWN, f"ended by {end.ended_by} after {end.seconds:.0f} s"
        if end.exit_code is None:
            return GateState.UNKNOWN, f"killed by signal {end.signal}"
        last_line = end.tail.strip().rpartition("\n")[2]
        code = f"exit code {end.exit_code}"
        detail = f"{last_line} ({code})" if last_line else code
        if end.exit_code == 0:
            return GateState.CLEAR, detail
        codes = {**DEFAULT_EXIT_CODES, **self.exit_codes}
        return codes.get(end.exit_code, GateState.UNKNOWN), detail

    def _verdict(self, state: GateState, detail: str, commit: str | None = None) -> GateVerdict:
        return GateVerdict(state=state, gate=self.name, detail=detail, commit=commit)


def fill_in(argv: Sequence[str], request: GateRequest) -> tuple[str, ...]:
    """`argv` with the request's words. One pass: a branch called `{base}` stays what it is."""
    words = {
        "purpose": request.purpose.value,
        "branch": request.branch,
        "base": request.base,
        "commit": request.commit or "",
    }
    return tuple(_PLACEHOLDER.sub(lambda found: words[found[1]], part) for part in argv)
