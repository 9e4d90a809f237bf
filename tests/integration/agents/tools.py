"""The real command-line tools, pointed at the scripted model server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agents.protocol import Agent
from agents.registry import create
from mission.config import AgentConfig, ClaudeAgentConfig, CodexAgentConfig, GlmAgentConfig
from tests.model_server import ModelServer, UseTool

KEY = "sk-test-planted-model-key-0123456789"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """One way to run an agent."""

    name: str  # as a mission file calls it
    program: str
    config: AgentConfig
    commits: bool  # whether its own sandbox lets it commit
    environment: Mapping[str, str]

    def agent(self, server: ModelServer, **more: object) -> Agent:
        """The agent, talking to `server`."""
        path = "/v1" if self.program == "codex" else ""
        update = {"base_url": f"{server.url}{path}", "retries": 1, **more}
        return create(self.name, self.config.model_copy(update=update))

    def write(self, worktree: Path, name: str, text: str) -> UseTool:
        """The model's wish to write a file."""
        if self.program == "codex":
            patch = f"*** Begin Patch\n*** Add File: {name}\n+{text}\n*** End Patch"
            command = f"apply_patch <<'PATCH'\n{patch}\nPATCH\n"
            return UseTool(name="exec_command", arguments={"cmd": command})
        path = str(worktree / name)
        return UseTool(name="Write", arguments={"file_path": path, "content": f"{text}\n"})

    def shell(self, command: str) -> UseTool:
        """The model's wish to run a command."""
        if self.program == "codex":
            return UseTool(name="exec_command", arguments={"cmd": command})
        return UseTool(name="Bash", arguments={"command": command, "description": "run it"})


def home_environment(home: Path) -> dict[str, str]:
    """The variables of a user whose home folder is `home`; it is made.

    Where bubblewrap is installed, Codex puts helpers of its sandbox into its home, but refuses to
    below the folder for temporary files: its commands then fail, and it reports success. So that
    folder is another one than the one in which tests have their homes.
    """
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    return {"HOME": str(home), "TMPDIR": str(home / "tmp")}


def _claude(model: str) -> Tool:
    return Tool(
        name=model,
        program="claude",
        config=ClaudeAgentConfig(model=model),
        commits=True,
        environment={"ANTHROPIC_API_KEY": KEY},
    )


HAIKU, SONNET = _claude("haiku"), _claude("sonnet")
GLM = Tool(
    name="glm-5.1",
    program="claude",
    config=GlmAgentConfig(model="glm-5.1"),
    commits=True,
    environment={"GLM_API_KEY": KEY, "ANTHROPIC_API_KEY": "sk-of-somebody-else-entirely"},
)
CODEX = Tool(
    name="codex",
    program="codex",
    config=CodexAgentConfig(),
    commits=False,
    environment={"CODEX_API_KEY": KEY},
)
