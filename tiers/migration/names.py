"""What tables and columns are called elsewhere, and what is never taken over."""

from __future__ import annotations

import re

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SECRET = re.compile(
    r"password|passwd|passphrase|secret|token|api_?key|private_?key|credential|salt|otp|session"
)
_NO_SECRETS = frozenset(
    {"estimate_tokens", "spent_tokens", "input_tokens", "output_tokens", "cached_tokens"}
)
_ALIASES = {
    "user": "users",
    "team": "teams",
    "team_member": "team_members",
    "mission": "missions",
    "task": "tasks",
    "note": "notes",
    "mission_event": "mission_events",
    "attempt": "attempts",
}


def snake_case(name: str) -> str:
    """`missionId`, `MissionID` and `mission-id` as `mission_id`."""
    return _WORDS.sub("_", name.strip()).replace("-", "_").replace(" ", "_").lower()


def table_name(name: str) -> str:
    """Our name for a table of this name."""
    name = snake_case(name)
    return _ALIASES.get(name, name)


def is_secret(name: str) -> bool:
    """Whether a table or column of this name holds what is never copied."""
    name = snake_case(name)
    return name not in _NO_SECRETS and _SECRET.search(name) is not None
