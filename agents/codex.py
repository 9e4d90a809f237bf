"""Codex (`codex exec`)."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from agents.codex_record import CodexRecord
from agents.codex_rollout import refused_commands
from agents.codex_stream import CodexReader
from agents.fence import one_line
from agents.home import Belongings, folder_of
from agents.instructions import with_instructions
from agents.login import Login
from agents.lookup import NAME as LOOKUP
from agents.profile import missing_profile, profiled
from agents.protocol import Brief, OnEvent, Result, ignore_event
from agents.servers import codex_servers
from agents.sessions import resume_or_start
from agents.streamed import Invocation, run_streamed
from agents.tool import NETWORK, missing_tool, redactor_for
from mission.config import CodexAgentConfig
from mission.outcome import Outcome
from workspace.process import Stop

PROGRAM = "codex"
INSTALL = "npm install --global @openai/codex, then log in with `codex login`"
MODEL = "codex"  # in the price table: the tool has a default model, and does not tell which

#: Names that it needs from the runner's environment.
CREDENTIALS = ("CODEX_API_KEY", "CODEX_HOME", *NETWORK)

#: What it keeps in a home folder.
BELONGINGS = Belongings(
    folder=".codex",
    variable="CODEX_HOME",
    settings=("config.toml", "AGENTS.md", "hooks.json", "rules", "skills", "prompts", "plugins"),
    login="auth.json",
)

_KEY = "CODEX_API_KEY"
LOGIN = Login(
    program=PROGRAM,
    install=INSTALL,
    keys=(_KEY,),
    remedy="log in with `codex login`",
    belongings=BELONGINGS,
)
_PROVIDER = "mission"  # the name under which another address is configured
_DENIED = re.compile(r"patch rejected: [^;]+")
_WITHOUT_SERVER = re.compile(rf"required MCP servers failed to initialize: {LOOKUP}\b")
_LOST = re.compile(r"no rollout found", re.IGNORECASE)  # threads belong to a home folder


class CodexAgent:
    """Runs `codex exec --json`. In its own sandbox it cannot commit; the runner does."""

    def __init__(self, name: str, config: CodexAgentConfig) -> None:
        self.name = name
        self._config = config
        self._program = config.program or PROGRAM

    def missing(self) -> str | None:
        return missing_tool(self._program, INSTALL) or missing_profile(
            self._config, BELONGINGS, os.environ, "codex login"
        )

    def run(self, brief: Brief, stop: Stop, on_event: OnEvent = ignore_event) -> Result:
        result = resume_or_start(lambda one: self._run(one, stop, on_event), brief, _LOST)
        if brief.lookup is None or not _WITHOUT_SERVER.search(result.summary):
            return result
        # It answered when it was looked at, and no more: that is no reason to lose a row.
        alone = replace(brief, lookup=None)
        return resume_or_start(lambda one: self._run(one, stop, on_event), alone, _LOST)

    def _run(self, brief: Brief, stop: Stop, on_event: OnEvent) -> Result:
        environment = self._environment(brief.environment)
        began = datetime.now(UTC)
        call = Invocation(
            argv=self._argv(brief),
            environment=environment,
            reader=CodexReader(brief.resumed if brief.resume else None),
            belongings=BELONGINGS,
            record=CodexRecord(folder_of(brief, environment, BELONGINGS), began),
            denial=_DENIED,
        )
        result = run_streamed(call, with_instructions(brief), stop, on_event)
        if result.outcome is not Outcome.SUCCESS or result.denied or result.session is None:
            return result
        refused = refused_commands(
            folder_of(brief, environment, BELONGINGS), result.session, since=began
        )
        told = one_line("; ".join(dict.fromkeys(refused)))
        return replace(result, denied=redactor_for(brief).text(told))

    def _environment(self, given: Mapping[str, str]) -> dict[str, str]:
        environment = profiled(given, self._config, BELONGINGS, (_KEY,))
        if self._config.key and self._config.key in environment:
            environment[_KEY] = environment.pop(self._config.key)
        return environment

    def _argv(self, brief: Brief) -> list[str]:
        config = self._config
        return [
            self._program,
            "exec",
            "--json",
            *(["-m", config.model] if config.model else []),
            "-C",
            str(brief.worktree),
            "-s",
            # Inside bubblewrap its own sandbox cannot be set up, and is not needed.
            "workspace-write" if config.sandbox.type == "tool" else "danger-full-access",
            "-c",
            'approval_policy="never"',
            *_untrusted(brief.worktree),
            *self._provider(),
            *codex_servers(config.mcp, brief),
            *(["-c", f"model_reasoning_effort={config.effort}"] if config.effort else []),
            *config.options,
            *(["resume", brief.resume] if brief.resume else []),
            "-",
        ]

    def _provider(self) -> list[str]:
        """The settings of the model's provider; its own keys only where it is not the usual one."""
        config = self._config
        if not config.base_url:
            return []
        logs_in = config.profile is not None and config.key is None
        settings = {
            "name": self.name,
            "base_url": config.base_url,
            "wire_api": "responses",
            **({"requires_openai_auth": True} if logs_in else {"env_key": _KEY}),
            "request_max_retries": config.retries,
            "stream_max_retries": config.retries,
        }
        options = ["-c", f"model_provider={json.dumps(_PROVIDER)}"]
        for name, value in settings.items():
            options += ["-c", f"model_providers.{_PROVIDER}.{name}={json.dumps(value)}"]
        return options


def _untrusted(worktree: Path) -> list[str]:
    """Settings that keep it from heeding the tree's: servers that it would start outside its
    sandbox, folders that it may write to, variables. A person who trusts the repository trusts its
    worktrees too, but for one that is named; it does not say by which of its paths it looks."""
    paths = dict.fromkeys((worktree, worktree.resolve()))
    entries = ",".join(f'{json.dumps(str(path))}={{trust_level="untrusted"}}' for path in paths)
    # Nor may a skill of the tree have servers installed, for everybody and outside.
    return ["-c", f"projects={{{entries}}}", "-c", "features.skill_mcp_dependency_install=false"]
