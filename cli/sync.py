"""`mission tier sync` and `mission tier embed`: what the storage keeps of missions and texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from watchfiles import watch

from cli.console import fact, print_json, printable, talk
from cli.typed_here import place_at
from errors import StoppedError, TierError
from mission.amounts import counted
from mission.place import Place
from tiers.config import TierConfig, load_tier_config
from tiers.projection.sync import sync
from tiers.search.fill import fill_embeddings
from tiers.search.registry import EmbedderChoice, make_embedder
from tiers.storage.session import open_storage

sync_app = typer.Typer()
embed_app = typer.Typer()

_QUIET = 200  # milliseconds without a change before it is copied

PathArgument = Annotated[
    str | None, typer.Argument(metavar="[PATH]", help="A TASKS.md, or a folder that holds one.")
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The configuration; else mission.config.json, .yaml or .yml in the current folder.",
    ),
]


@sync_app.command("sync")
def sync_storage(
    path: PathArgument = None,
    *,
    config: ConfigOption = None,
    follow: Annotated[
        bool, typer.Option("--watch", help="Stay, and copy each change as it happens.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Copy a mission's tasks, attempts and events into the storage, and send its events live."""
    place = place_at(path)
    configured = load_tier_config(config)
    with open_storage(configured) as connection:
        synced = sync(configured, connection, place)
        done, sent = synced.projected, synced.sent
        if as_json:
            print_json(
                {
                    "mission": done.origin.mission,
                    "source": done.origin.source,
                    "events": done.events,
                    "last_event": done.last_event,
                    "sent": sent,
                }
            )
        else:
            events = counted(done.events, "new event")
            fact(f"{done.origin.mission}: {events}, up to {done.last_event}")
        if follow:
            _follow(configured, connection, place)


@embed_app.command("embed")
def embed(
    *,
    config: ConfigOption = None,
    embedder: Annotated[
        EmbedderChoice, typer.Option("--embedder", help="What makes the embeddings.")
    ] = EmbedderChoice.MODEL,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make the embeddings that tasks and notes lack. Stopped at any point, run it again."""
    configured = load_tier_config(config)
    if not configured.vector:
        raise TierError(
            f"The {configured.tier} tier keeps no embeddings", hint="The federated one does"
        )
    made = make_embedder(embedder)
    if made is None:
        raise TierError("There is no embedder", hint="--embedder model, or hashing")
    with open_storage(configured) as connection:
        done = fill_embeddings(connection, made, lambda name, n: talk(f"{name}: {n} more"))
    if as_json:
        print_json({"embedder": made.name, "embedded": done})
    else:
        fact(f"{counted(done, 'text')} embedded by {made.name}")


def _follow(config: TierConfig, connection: psycopg.Connection[Any], place: Place) -> None:
    talk(f"watching {printable(str(place.task_file))}; Ctrl-C ends it")
    place.keep_state()
    try:
        for _changes in watch(place.folder, place.state_dir, debounce=_QUIET, recursive=False):
            sync(config, connection, place)
    except KeyboardInterrupt:
        raise StoppedError("Stopped") from None
