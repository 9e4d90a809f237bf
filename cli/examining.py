"""What `mission doctor` finds, and what it says of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cli.console import Style, fact, paint, print_json, printable
from errors import ConfigError, UsageError
from mission.place import Place
from orchestrator.soundness.needs import runner_checks
from tiers.checks import Check, Health, overall
from tiers.config import load_tier_config
from tiers.doctor import GROUP as TIER
from tiers.doctor import tier_checks

VERSION = 1  # of the JSON object; a key never changes its meaning within a version
_GLYPHS: dict[Health, tuple[str, Style]] = {
    Health.GREEN: ("✓", "green"),
    Health.YELLOW: ("!", "yellow"),
    Health.RED: ("✗", "red"),
}


def examine_and_tell(config: Path | None, *, as_json: bool, strict: bool) -> bool:
    """Look at everything and say how it is; whether that is well enough.

    Args:
        config: The tier's configuration; None looks for it here.
        as_json: Print one JSON object.
        strict: Yellow is not well enough.
    """
    tier, checks = _examine(config)
    health = overall(checks)
    if as_json:
        print_json(report(tier, checks))
    else:
        _print(tier, checks)
    return health is not Health.RED and not (strict and health is Health.YELLOW)


def report(tier: str | None, checks: Sequence[Check]) -> dict[str, object]:
    """The object that `--json` prints."""
    return {
        "version": VERSION,
        "tier": tier,
        "health": overall(checks).value,
        "checked_at": datetime.now(UTC),
        "checks": [
            {
                "group": check.group,
                "name": check.name,
                "health": check.health.value,
                "detail": check.detail,
                "remedy": check.remedy,
                "milliseconds": check.milliseconds,
            }
            for check in checks
        ],
    }


def _examine(path: Path | None) -> tuple[str | None, tuple[Check, ...]]:
    """The tier, if that much can be read, and every check."""
    try:
        configured = load_tier_config(path)
    except ConfigError as error:
        unread = Check(
            group=TIER,
            name="configuration",
            health=Health.RED,
            detail=error.message,
            remedy=error.hint or "Correct it",
        )
        return None, (unread, *runner_checks(_place()))
    return configured.tier.value, (*tier_checks(configured), *runner_checks(_place()))


def _place() -> Place | None:
    try:
        return Place.find()
    except UsageError:
        return None  # a doctor is good without a mission, too


def _print(tier: str | None, checks: Sequence[Check]) -> None:
    width = max(len(check.name) for check in checks)
    for group in dict.fromkeys(check.group for check in checks):
        fact(f"{group}: {tier or 'unknown'}" if group == TIER else group)
        for check in checks:
            if check.group == group:
                _print_check(check, width)
    health = overall(checks)
    fact(f"overall: {_word(health)}")


def _print_check(check: Check, width: int) -> None:
    latency = f" ({check.milliseconds:.0f} ms)" if check.milliseconds is not None else ""
    name = check.name.ljust(width)
    fact(f"  {_word(check.health)}  {name}  {printable(check.detail)}{latency}")
    if check.remedy:
        fact(f"{' ' * 14}→ {printable(check.remedy)}")


def _word(health: Health) -> str:
    glyph, style = _GLYPHS[health]
    return paint(f"{glyph} {health.value.ljust(6)}", style)
