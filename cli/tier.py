"""`mission tier`: the storage tier's configuration, services and health."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.console import fact, print_json, printable, talk
from cli.lazy import lazy_group
from tiers.config import TierConfig, load_tier_config
from tiers.detect import Detection, detect
from tiers.services.service import Services
from tiers.services.ways import Way, choose_services

# Apart: what concerns the federated tier alone is not loaded on the others.
_FURTHER = {
    "doctor": "cli.doctor",
    "migrate": "cli.migrate",
    "sync": "cli.sync:sync_app",
    "embed": "cli.sync:embed_app",
}

app = typer.Typer(
    cls=lazy_group(_FURTHER),
    help="The storage tier: its services and its health.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The configuration; else mission.config.json, .yaml or .yml in the current folder.",
    ),
]
WayOption = Annotated[
    Way, typer.Option("--with", help="Containers, or servers from pip and system packages.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("detect")
def detect_services(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Ask what the tier needs, all at once. Exit code 1, and one error, where something fails."""
    configured = configuration(config)
    detection = detect(configured)
    if as_json:
        print_json(detection_facts(detection))
        raise typer.Exit(1 if detection.failures else 0)
    for result in detection.results:
        word = "no" if result.failure else "yes"
        time = f"{result.milliseconds:.0f} ms" if result.milliseconds is not None else ""
        parts = (result.service.value, word, result.where, result.version or "", time)
        fact("  ".join(printable(part) for part in (*parts, result.detail) if part))
    detection.require()


@app.command("up")
def up(config: ConfigOption = None, way: WayOption = Way.AUTO, as_json: JsonOption = False) -> None:
    """Start the tier's services on this machine and wait until they answer."""
    configured = configuration(config)
    services = choose_services(configured, way, starting=lambda line: talk(printable(line)))
    talk(printable(f"{configured.tier}: {services.description}"))
    services.up(configured, lambda line: talk(printable(line)))
    if as_json:
        print_json(_facts(configured, services))


@app.command("down")
def down(
    config: ConfigOption = None,
    way: WayOption = Way.AUTO,
    remove_data: Annotated[
        bool, typer.Option("--remove-data", help="Remove what they stored, too.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """End the tier's services. What they stored stays."""
    configured = configuration(config)
    services = choose_services(configured, way)
    talk(f"{configured.tier}: {services.description}")
    services.down(configured, lambda line: talk(printable(line)), remove_data=remove_data)
    if as_json:
        print_json(_facts(configured, services))


@app.command("status")
def status(
    config: ConfigOption = None, way: WayOption = Way.AUTO, as_json: JsonOption = False
) -> None:
    """Say which of the tier's services run on this machine. Exit code 1 if one does not."""
    configured = configuration(config)
    services = choose_services(configured, way)
    states = services.status(configured)
    if as_json:
        print_json(_facts(configured, services))
    else:
        talk(f"{configured.tier}: {services.description}")
        for state in states:
            word = "running" if state.running else "not running"
            fact(f"{state.name}  {word}  {state.where}  {printable(state.detail)}")
    if not all(state.running for state in states):
        raise typer.Exit(1)


def _facts(configured: TierConfig, services: Services) -> dict[str, object]:
    """The object that `up`, `down` and `status` print with `--json`."""
    return {
        "tier": configured.tier.value,
        "way": services.description,
        "services": [asdict(state) for state in services.status(configured)],
    }


def configuration(path: Path | None) -> TierConfig:
    """Read the configuration; notices go to the terminal."""
    configured = load_tier_config(path)
    for notice in configured.notices:
        talk(f"mission: {printable(notice)}")
    return configured


def detection_facts(detection: Detection) -> dict[str, object]:
    """The object that `mission tier detect --json` prints."""
    return {
        "version": 1,
        "tier": detection.tier.value,
        "ok": not detection.failures,
        "services": [
            {
                "service": result.service.value,
                "where": result.where,
                "ok": result.failure is None,
                "version": result.version,
                "milliseconds": result.milliseconds,
                "detail": result.detail,
                "cause": result.failure.cause.value if result.failure else None,
                "message": result.failure.message if result.failure else None,
                "remedy": result.failure.remedy if result.failure else None,
            }
            for result in detection.results
        ],
    }
