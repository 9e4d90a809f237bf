"""Any program as an agent: an argv from `mission.yaml`.

It gets the brief on standard input and in a file, whose path stands for `{brief}` in the argv and
in `MISSION_BRIEF`. It answers with its exit code and, if it likes, with `agents.result_line`.

Where the worktree is the work of another agent, the files that the argv names are those of
`Brief.programs`: nobody runs what the one before it left under the name of its program.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence

from agents.fence import one_line
from agents.protocol import AgentEvent, Brief, OnEvent, Result, ignore_event
from agents.result_line import ResultLine, read_result_line
from agents.tool import LONGEST_ANSWER, as_told, cut_short, missing_tool, run_tool
from mission.outcome import Outcome
from mission.private import private_folder, write_private
from workspace.process import ProcessEnd, Stop

# Of the end of standard output, which may be its answer. The last line is kept in any case.
_KEPT_LINES = 10_000
_KEPT_CHARACTERS = 2 * LONGEST_ANSWER

#: What is filled in where it stands in braces in the argv.
PLACEHOLDERS = ("brief", "worktree")


class CommandAgent:
    """Runs one argv. Placeholders, filled in wherever they stand: `{brief}`, `{worktree}`."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        name: str = "command",
        model: str | None = None,
        effort: str | None = None,
    ) -> None:
        self.name = name
        self._argv = tuple(argv)
        wishes = {"MISSION_MODEL": model, "MISSION_EFFORT": effort}
        self._wishes = {name: value for name, value in wishes.items() if value is not None}

    def missing(self) -> str | None:
        if not self._argv:
            return f"{self.name} has nothing to run: give it `run: [program, argument, ...]`"
        program = self._argv[0]
        if "/" not in program:  # else it may be in the worktree, which is not there yet
            return missing_tool(program, f"install it, or change `run` of {self.name}")
        return None

    def run(self, brief: Brief, stop: Stop, on_event: OnEvent = ignore_event) -> Result:
        private_folder(brief.scratch, top=brief.scratch.parent)
        paper = brief.scratch / "brief.md"
        write_private(paper, brief.text)
        said: deque[str] = deque()
        kept = 0  # characters

        def on_line(stream: str, line: str) -> None:
            nonlocal kept
            if stream == "stdout" and line.strip():
                said.append(line)
                kept += len(line)
                while len(said) > _KEPT_LINES or (kept > _KEPT_CHARACTERS and len(said) > 1):
                    kept -= len(said.popleft())
                on_event(AgentEvent(kind="said", text=one_line(line)))

        on_event(AgentEvent(kind="started", text=self.name))
        try:
            argv = [self._fill(n, str(paper), brief) for n in range(len(self._argv))]
        except FileNotFoundError as missing:
            return Result(outcome=Outcome.BLOCKED, summary=str(missing))
        environment = {**brief.environment, **self._wishes, **_variables(brief, str(paper))}
        end = run_tool(argv, brief, stop, on_line, environment=environment)
        result = end if isinstance(end, Result) else _judge(end, said, brief, stop)
        on_event(AgentEvent(kind="ended", text=f"{result.outcome}: {result.summary}"))
        return result

    def _fill(self, number: int, paper: str, brief: Brief) -> str:
        part, name = self._argv[number], file_named(self._argv, number)
        if brief.programs is not None and name is not None:
            agreed = brief.programs / name
            if agreed.is_file():
                return str(agreed)
            if (brief.worktree / name).is_file():
                raise FileNotFoundError(
                    f"{name}, which {self.name} runs, is only in the work that it is to read:"
                    " bring it to the base first, or name it by an absolute path"
                )
        return part.replace("{brief}", paper).replace("{worktree}", str(brief.worktree))


def file_named(argv: Sequence[str], number: int) -> str | None:
    """The file of the repository that a part of an argv may name; None if it can be none."""
    part = argv[number]
    if number == 0 and "/" not in part:
        return None  # it is sought in PATH
    name = os.path.normpath(part.removeprefix("{worktree}/"))
    if part.startswith("-") or name.startswith(("/", "..")) or "\0" in name or "\n" in name:
        return None
    return None if name == "." else name


def _variables(brief: Brief, paper: str) -> dict[str, str]:
    """What the program is told beside the brief."""
    told = {
        "MISSION_BRIEF": paper,
        "MISSION_TASK": brief.task,
        "MISSION_ATTEMPT": str(brief.attempt),
        "MISSION_AGENT": brief.agent,
    }
    return told | ({"MISSION_SESSION": brief.resume} if brief.resume else {})


def _judge(end: ProcessEnd, lines: Sequence[str], brief: Brief, stop: Stop) -> Result:
    """The exit code and the program's own word together: the worse of the two counts."""
    found = read_result_line(lines[-1] if lines else "")
    said = found or ResultLine()
    printed = list(lines)[:-1] if found else lines
    cut = cut_short(end, brief, stop)
    if cut is not None:
        outcome, summary = cut
    elif end.exit_code != 0 and said.outcome in {None, Outcome.SUCCESS, Outcome.NEEDS_QA}:
        tail = said.summary or end.tail.strip().rpartition("\n")[2]
        outcome = Outcome.CRASHED
        summary = f"it ended with exit code {end.exit_code}" + (f": {tail}" if tail else "")
    else:
        outcome = said.outcome or Outcome.SUCCESS
        summary = said.summary or end.tail.strip().rpartition("\n")[2]
    result = Result(
        outcome=outcome,
        summary=summary,
        answer=(said.answer or "\n".join(printed))[-LONGEST_ANSWER:],
        usage=said.usage,
        session=said.session,
        exit_code=end.exit_code,
        log=brief.log,
        retry_at=said.retry_at,
    )
    return as_told(result, brief)
