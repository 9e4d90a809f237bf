"""The protocol's SDK, which an extra brings."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from agents.lookup import sdk_hindrance
from errors import UsageError

_HINT: Final = "Install the extra: uv tool install 'mission-runner[mcp]'"
_OURS: Final = ("lookup.server", "lookup.http", "lookup.stdio")


def need_sdk() -> None:
    """Import what serves the tools. It takes a second.

    Raises:
        UsageError: The SDK is missing, of another version, or broken.
    """
    hindrance = sdk_hindrance()
    if hindrance:
        raise UsageError(f"No tools for agents (MCP): {hindrance}", hint=_HINT)
    for module in _OURS:
        try:
            import_module(module)
        except ImportError as error:
            raise UsageError(
                f"No tools for agents (MCP): its package is broken ({error})", hint=_HINT
            ) from error
