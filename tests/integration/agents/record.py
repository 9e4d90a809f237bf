"""Records what the installed tools print, as the fixtures that the readers are tested on.

    python -m tests.integration.agents.record

Run it when a new version of a tool is taken up, and look at what changed in the fixtures.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agents.protocol import AgentEvent, Brief, OnEvent, Timeouts, ignore_event
from tests.integration.agents.briefs import make_brief, make_repository
from tests.integration.agents.leftovers import MARK, WAITS, new_mark, signal_tool
from tests.integration.agents.tools import CODEX, HAIKU, Tool, home_environment
from tests.model_server import Fail, ModelServer, Say, Stall, Step
from workspace.process import Stop

FIXTURES = Path(__file__).parents[2] / "fixtures" / "agents"

# Long lists of what the tool offers: nothing reads them.
_DROPPED = ("tools", "slash_commands", "skills", "agents", "plugins", "memory_paths")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One recording."""

    steps: Callable[[Tool, Path], tuple[Step, ...]]
    config: dict[str, Any] = field(default_factory=dict)
    silence: timedelta = _MINUTE
    signal: signal.Signals | None = None  # sent to the tool once it uses a tool of its own
    after: str = ""  # the scene whose session this one goes on with


def _refused(status: int, kind: str, message: str, **extra: Any) -> Scene:
    step = Fail(status=status, kind=kind, message=message, extra=extra)
    return Scene(steps=lambda _tool, _folder: (step,))


def _work(tool: Tool, folder: Path) -> tuple[Step, ...]:
    return (
        tool.write(folder, "hello.txt", "hello"),
        tool.shell("git add -A && git commit -qm 'Say hello'"),
        Say(text="Said hello."),
    )


def _sleep(tool: Tool, _folder: Path) -> tuple[Step, ...]:
    return (tool.shell(WAITS), Say(text="Slept."))


_BOTH = {
    "success": Scene(steps=_work),
    "no-change": Scene(steps=lambda _tool, _folder: (Say(text="All done."),)),
    "resumed": Scene(steps=lambda _tool, _folder: (Say(text="Went on."),), after="no-change"),
    "authentication": _refused(401, "authentication_error", "bad key"),
    "rate-limit": _refused(429, "rate_limit_error", "slow down"),
    "overloaded": _refused(529, "overloaded_error", "Overloaded"),
    "bad-request": _refused(400, "invalid_request_error", "bad thing"),
    "unknown-model": _refused(404, "not_found_error", "no such model"),
    "stalled": Scene(steps=lambda _tool, _folder: (Stall(),), silence=timedelta(seconds=3)),
    "interrupted": Scene(steps=_sleep, signal=signal.SIGINT),
    "terminated": Scene(steps=_sleep, signal=signal.SIGTERM),
    "killed": Scene(steps=_sleep, signal=signal.SIGKILL),
}
SCENES: dict[str, tuple[Tool, dict[str, Scene]]] = {
    "claude": (
        HAIKU,
        {
            **_BOTH,
            "denied": Scene(
                steps=lambda tool, _folder: (
                    tool.shell("git push origin main"),
                    Say(text="I could not."),
                ),
                config={"allow": ["Read"]},
            ),
            "out-of-turns": Scene(steps=_work, config={"max_turns": 1}),
            "quota": _refused(400, "invalid_request_error", "Your credit balance is too low"),
        },
    ),
    "codex": (
        CODEX,
        {
            **_BOTH,
            "quota": _refused(
                429,
                "usage_limit_reached",
                "The usage limit has been reached",
                plan_type="plus",
                resets_at=int((datetime.now(UTC) + timedelta(days=3)).timestamp()),
            ),
        },
    ),
}


def record(tool: Tool, scenes: dict[str, Scene], folder: Path) -> None:
    """Play each scene with the real tool and keep what it printed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, scene in scenes.items():
        with tempfile.TemporaryDirectory() as place:
            base = Path(place).resolve()
            worktree = make_repository(base / "worktree")
            brief = _brief(tool, base, worktree, scene)
            if scene.after:
                session = _play(tool, scenes[scene.after], brief, ignore_event)
                brief.log.unlink()
                brief = replace(brief, resume=session)
            _play(tool, scene, brief, _signaller(scene, brief))
            lines = brief.log.read_text(encoding="utf-8").splitlines()
        kept = "".join(f"{json.dumps(event)}\n" for event in _events(lines, base))
        (folder / f"{name}.jsonl").write_text(kept, encoding="utf-8")
        sys.stdout.write(f"{folder.name}/{name}: {kept.count(chr(10))} events\n")


def _brief(tool: Tool, base: Path, worktree: Path, scene: Scene) -> Brief:
    environment = {**home_environment(base / "home"), MARK: new_mark(), **tool.environment}
    timeouts = Timeouts(start=_MINUTE, silence=scene.silence, total=_MINUTE)
    return make_brief(worktree, environment=environment, timeouts=timeouts)


def _play(tool: Tool, scene: Scene, brief: Brief, on_event: OnEvent) -> str | None:
    with ModelServer(*scene.steps(tool, brief.worktree)) as server:
        agent = tool.agent(server, **scene.config)
        return agent.run(brief, Stop(), on_event).session


def _signaller(scene: Scene, brief: Brief) -> OnEvent:
    def on_event(event: AgentEvent) -> None:
        if scene.signal is not None and event.kind == "used-tool":
            signal_tool(brief.environment[MARK], scene.signal, busy_with="sleep 3017")

    return on_event


def _events(lines: list[str], base: Path) -> Iterator[dict[str, Any]]:
    """The lines that are events, without this machine's paths and ports."""
    for line in lines:
        plain = line.replace(str(base / "worktree"), "/repo").replace(str(base / "home"), "/home")
        plain = re.sub(r"_[0-9a-f]{8}_(\d{4})\b", r"_\1", plain)
        plain = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8000", plain)
        if not plain.startswith("{"):
            continue
        event = json.loads(plain)
        yield {key: value for key, value in event.items() if key not in _DROPPED}


if __name__ == "__main__":
    for kind, (recorded, scenes_of_it) in SCENES.items():
        record(recorded, scenes_of_it, FIXTURES / kind)
