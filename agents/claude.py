"""Claude Code (`claude -p`), and every provider that is reached through it."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from agents.claude_record import ClaudeRecord
from agents.claude_stream import ClaudeReader
from agents.home import Belongings, folder_of
from agents.instructions import with_instructions
from agents.login import Login
from agents.profile import missing_profile, profiled
from agents.protocol import Brief, OnEvent, Result, ignore_event
from agents.servers import claude_servers, claude_tools
from agents.sessions import resume_or_start
from agents.streamed import Invocation, run_streamed
from agents.tool import NETWORK, missing_tool
from mission.config import ClaudeToolConfig
from workspace.process import Stop

PROGRAM = "claude"
MODEL = "sonnet"
INSTALL = "npm install --global @anthropic-ai/claude-code, then log in with `claude`"

#: What it may do without asking when `allow` does not say. Nobody is there to be asked.
ALLOWED = ("Read", "Glob", "Grep", "Edit", "Write", "NotebookEdit", "Bash", "TodoWrite")

#: What it is not offered: tools that leave the worktree, that put work off to a time when nobody
#: looks, or that ask a person. A version that has not one of them heeds the others.
WITHHELD = (
    *("EnterWorktree", "ExitWorktree"),
    *("CronCreate", "CronDelete", "CronList", "ScheduleWakeup", "RemoteTrigger"),
    *("AskUserQuestion", "EnterPlanMode", "ExitPlanMode"),
)

#: Where it looks for a key, or a token.
KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
#: Names that it needs from the runner's environment.
CREDENTIALS = (*KEYS, "ANTHROPIC_BASE_URL", "CLAUDE_CONFIG_DIR", *NETWORK)

#: What it keeps in a home folder.
BELONGINGS = Belongings(
    folder=".claude",
    variable="CLAUDE_CONFIG_DIR",
    settings=(
        *("settings.json", "CLAUDE.md", "rules", "output-styles"),
        *("agents", "commands", "skills", "hooks", "plugins"),
    ),
    login=".credentials.json",
    beside=".claude.json",
)

LOGIN = Login(
    program=PROGRAM,
    install=INSTALL,
    keys=KEYS,
    remedy="log in with `claude`",
    belongings=BELONGINGS,
    account="oauthAccount",
)

_LOST = re.compile(r"no conversation found", re.IGNORECASE)  # sessions belong to a folder
_INHERITED = re.compile(r"CLAUDECODE$|CLAUDE_CODE_(?!OAUTH_TOKEN$)")

#: Turns the runner's choice of variables into those of the provider.
Environment = Callable[[Mapping[str, str], ClaudeToolConfig], dict[str, str]]


def anthropic(given: Mapping[str, str], config: ClaudeToolConfig) -> dict[str, str]:
    """The environment for Anthropic's own models, or for a gateway to them."""
    environment = profiled(common(given, config), config, BELONGINGS, KEYS)
    if config.base_url:
        environment["ANTHROPIC_BASE_URL"] = config.base_url
    if config.key and config.key in given:
        environment["ANTHROPIC_API_KEY"] = environment.pop(config.key)
    return environment


def common(given: Mapping[str, str], config: ClaudeToolConfig) -> dict[str, str]:
    """What every provider needs: nothing of a session that started the runner, few retries of the
    tool's own, since the run has its own back-off, and no traffic beside the model's."""
    own = {name: value for name, value in given.items() if not _INHERITED.match(name)}
    return {
        "CLAUDE_CODE_MAX_RETRIES": str(config.retries),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        **own,
    }


def _is_piece(line: bytes) -> bool:
    """Whether an event is a piece of an answer, which comes again, whole. Those in which an answer
    begins and ends have what it used."""
    counts = b'"type":"message_start"' in line or b'"type":"message_delta"' in line
    return b'"type":"stream_event"' in line and not counts


class ClaudeAgent:
    """Runs `claude -p` with an allow-list of tools.

    Args:
        config: `model` is an alias (haiku, sonnet, opus) or a full name.
        environment: Fits the environment to the provider.
        trusts_cost: Whether the tool's own idea of its cost is right: it knows one provider's
            prices only.
    """

    name: str

    def __init__(
        self,
        name: str,
        config: ClaudeToolConfig,
        *,
        environment: Environment = anthropic,
        trusts_cost: bool = True,
    ) -> None:
        self.name = name
        self._config = config
        self._program = config.program or PROGRAM
        self._environment = environment
        self._trusts_cost = trusts_cost and config.base_url is None

    def missing(self) -> str | None:
        return missing_tool(self._program, INSTALL) or missing_profile(
            self._config, BELONGINGS, os.environ, PROGRAM
        )

    def run(self, brief: Brief, stop: Stop, on_event: OnEvent = ignore_event) -> Result:
        return resume_or_start(lambda one: self._run(one, stop, on_event), brief, _LOST)

    def _run(self, brief: Brief, stop: Stop, on_event: OnEvent) -> Result:
        session = brief.resume or str(uuid.uuid4())
        reader = ClaudeReader(brief.resumed if brief.resume else None)
        environment = self._environment(brief.environment, self._config)
        began = datetime.now(UTC)
        call = Invocation(
            argv=self._argv(brief, session),
            environment=environment,
            reader=reader,
            belongings=BELONGINGS,
            unread=_is_piece,
            record=ClaudeRecord(folder_of(brief, environment, BELONGINGS), began),
        )
        result = run_streamed(call, with_instructions(brief), stop, on_event)
        usage = result.usage if self._trusts_cost else replace(result.usage, cost_usd=None)
        return replace(result, usage=usage)

    def _argv(self, brief: Brief, session: str) -> list[str]:
        config = self._config
        allowed = [*(config.allow or ALLOWED), *claude_tools(config.mcp, brief)]
        return [
            self._program,
            "-p",
            "--output-format",
            "stream-json",
            "--verbose",
            "--include-partial-messages",  # they have what an answer used before a turn has ended
            f"--model={config.model or MODEL}",
            f"--resume={session}" if brief.resume is not None else f"--session-id={session}",
            "--permission-mode=acceptEdits",
            f"--allowedTools={','.join(allowed)}",
            f"--disallowedTools={','.join(WITHHELD)}",
            *claude_servers(config.mcp, brief),
            "--strict-mcp-config",  # none but those
            # The tree's own settings hold hooks, key helpers, addresses and plug-ins.
            "--setting-sources=user",
            *([f"--max-turns={config.max_turns}"] if config.max_turns else []),
            *([f"--effort={config.effort}"] if config.effort else []),
            *config.options,
        ]
