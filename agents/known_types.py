"""Whether `mission.yaml` asks for adapters that are there: its schema cannot know all of them."""

from __future__ import annotations

from pathlib import Path

from agents.registry import adapter_names
from mission.config import MissionConfig
from mission.config.document import read_document
from mission.errors import ConfigError
from tasks_md.regular_file import read_regular


def refuse_unknown_types(config: MissionConfig, file: Path) -> None:
    """Refuse agents of a type that no adapter has.

    Args:
        config: What `file` says.
        file: The `mission.yaml`, for the place of the mistake.

    Raises:
        ConfigError: With file, line, key and the accepted values.
    """
    known = adapter_names()
    for name, agent in config.agents.items():
        if "type" in agent.model_fields_set and agent.type not in known:
            mark = read_document(read_regular(file), str(file)).mark(("agents", name, "type"))
            raise ConfigError(
                f'"agents.{name}.type" cannot be {agent.type}',
                path=str(file),
                line=mark.line,
                column=mark.column,
                hint=f"Accepted: {', '.join(known)}, and what other packages add",
            )
