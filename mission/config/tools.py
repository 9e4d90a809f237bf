"""What an agent tool may be told beside its brief: effort, further arguments, servers of tools.

Arguments are chosen from a list of those that cannot widen what an agent may do. Whatever is not on
it is refused: a tool learns new options with every version, and nobody could name all that undo a
wall.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from mission.config.section import Section

ClaudeEffort = Literal["low", "medium", "high", "xhigh", "max"]
CodexEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]

_TEXT, _WORD, _NUMBER = r"[^\0]+", r"[A-Za-z0-9_.,:@\[\]-]+", r"[0-9]+(\.[0-9]+)?"
#: By option of `claude`, what may follow its `=`; None: it stands alone.
CLAUDE_OPTIONS: Mapping[str, str | None] = {
    "--append-system-prompt": _TEXT,
    "--betas": _WORD,
    "--disable-slash-commands": None,
    "--effort": _WORD,
    "--exclude-dynamic-system-prompt-sections": None,
    "--fallback-model": _WORD,
    "--max-budget-usd": _NUMBER,
    "--no-chrome": None,
}
_SETTING = r'("[A-Za-z0-9_.-]+"|[A-Za-z0-9_.-]+)'
#: ... of `codex exec`, whose settings are given like options.
CODEX_OPTIONS: Mapping[str, str | None] = {
    f"--config={name}": _SETTING
    for name in (
        *("hide_agent_reasoning", "model_auto_compact_token_limit", "model_context_window"),
        *("model_max_output_tokens", "model_reasoning_effort", "model_reasoning_summary"),
        *("model_verbosity", "service_tier", "tool_output_token_limit"),
    )
}


def _one_of(options: Mapping[str, str | None]) -> Callable[[str], str]:
    """What refuses an argument that is none of `options`."""

    def checked(given: str) -> str:
        name = next((one for one in options if given == one or given.startswith(f"{one}=")), None)
        if name is None:
            raise ValueError("it is none of those that cannot undo what holds the agent")
        value, accepted = given[len(name) + 1 :], options[name]
        if accepted is None and given != name:
            raise ValueError(f"{name} takes no value")
        if accepted is not None and not re.fullmatch(accepted, value):
            raise ValueError(f"{name}= needs a value of its own kind in the same entry")
        return given

    return checked


def _forms(options: Mapping[str, str | None]) -> str:
    forms = (one if value is None else f"{one}=…" for one, value in options.items())
    return f"a text of one of the forms {', '.join(forms)}"


ClaudeOption = Annotated[
    str, AfterValidator(_one_of(CLAUDE_OPTIONS)), Field(title=_forms(CLAUDE_OPTIONS))
]
CodexOption = Annotated[
    str, AfterValidator(_one_of(CODEX_OPTIONS)), Field(title=_forms(CODEX_OPTIONS))
]

#: A folder that is the same wherever the tool starts.
HomePath = Annotated[
    str,
    StringConstraints(pattern=r"^(~/|/)[^\n]+$"),
    Field(title="a path that begins with ~/ or /"),
]
_Variable = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"),
    Field(title="a name of an environment variable"),
]
_NAME = r"^[A-Za-z0-9_-]{1,60}$"
_Name = Annotated[
    str, StringConstraints(pattern=_NAME), Field(title="a name of letters, digits, _ and -")
]


class McpServer(Section):
    """A server of tools (MCP) for an agent: a program, or an address."""

    run: list[str] = Field(
        default_factory=list,
        description="The program and its arguments. It starts in a folder of the runner's;"
        " `{worktree}` stands for the agent's.",
    )
    url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+$",
        description="Its address, where it is a server already.",
    )
    key: _Variable | None = Field(
        default=None,
        description="With `url`: the environment variable that holds the token for it.",
    )
    environment: list[_Variable] = Field(
        default_factory=list,
        description="Names of environment variables that the program gets to see. The agent does,"
        " too.",
    )
    set: dict[str, str] = Field(
        default_factory=dict, description="Environment variables to set for the program, by name."
    )
    tools: list[_Name] = Field(
        default_factory=list, description="Which of its tools the agent may use; by default all."
    )

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if bool(self.run) == (self.url is not None):
            raise ValueError("it is either a program (`run`) or an address (`url`)")
        if self.url is not None and (self.environment or self.set):
            raise ValueError("`environment` and `set` are for a program; an address has a `key`")
        if self.url is None and self.key is not None:
            raise ValueError("`key` is for an address; a program has `environment`")
        if self.run and "/" in self.run[0] and not self.run[0].startswith("/"):
            # It would be sought in the worktree, where an agent can leave one.
            raise ValueError("its program is a name on PATH, or an absolute path")
        return self


def _named(servers: dict[str, McpServer]) -> dict[str, McpServer]:
    for name in servers:  # both tools build the names of tools from it
        if not re.fullmatch(_NAME, name):
            raise ValueError(f"the name {name} is none of letters, digits, _ and -")
    return servers


McpServers = Annotated[dict[str, McpServer], AfterValidator(_named)]


class Tuning(Section):
    """How an agent carries certain rows out: over what its own settings say."""

    model: str | None = Field(
        default=None, min_length=1, description="The model, instead of the agent's."
    )
    effort: str | None = Field(
        default=None, min_length=1, description="How hard it thinks, instead of the agent's."
    )
    options: list[str] | None = Field(
        default=None, description="Further arguments, instead of the agent's."
    )

    @property
    def given(self) -> dict[str, object]:
        """What is said at all."""
        values = {name: getattr(self, name) for name in Tuning.model_fields}
        return {name: value for name, value in values.items() if value is not None}

    def over(self, other: Tuning) -> Tuning:
        """Both together; where both say something, this counts."""
        return Tuning.model_validate({**other.given, **self.given})
