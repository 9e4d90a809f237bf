"""`mission tier sync` and `mission tier embed`: what the storage keeps of missions and texts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import psycopg
import redis
import typer
from watchfiles import watch

from cli.console import fact, print_json, printable, talk
from mission.errors import StoppedError, TierError
from mission.journal import Journal
from mission.place import Place
from mission.plan import read_plan
from tiers.config import TierConfig, load_tier_config
from tiers.detect import detect
from tiers.projection.live import LiveEvents
from tiers.projection.project import Projected, project
from tiers.search.fill import fill_embeddings
from tiers.search.registry import EmbedderChoice, make_embedder
from tiers.servers.opening import open_place
from tiers.storage.schema import brief, upgrade

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
def sync(
    path: PathArgument = None,
    *,
    config: ConfigOption = None,
    follow: Annotated[
        bool, typer.Option("--watch", help="Stay, and copy each change as it happens.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Copy a mission's tasks, attempts and events into the storage, and send its events live."""
    place = Place.find(path)
    configured = load_tier_config(config)
    with _storage(configured) as connection:
        done, sent = _copy(configured, connection, place)
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
            fact(f"{done.origin.mission}: {done.events} new events, up to {done.last_event}")
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
    with _storage(configured) as connection:
        done = fill_embeddings(connection, made, lambda name, n: talk(f"{name}: {n} more"))
    if as_json:
        print_json({"embedder": made.name, "embedded": done})
    else:
        fact(f"{done} texts embedded by {made.name}")


@contextmanager
def _storage(config: TierConfig) -> Iterator[psycopg.Connection[Any]]:
    detect(config, fail_fast=True).require()
    try:
        with open_place(config) as address:
            upgrade(address, vector=config.vector)
            with psycopg.connect(**address.connect_arguments(), autocommit=True) as connection:
                yield connection
    except psycopg.Error as error:
        raise TierError(
            f"The storage refuses: {brief(error)}", hint="Run the same command to go on"
        ) from None


def _copy(
    config: TierConfig, connection: psycopg.Connection[Any], place: Place
) -> tuple[Projected, int]:
    with ExitStack() as stack:
        journal = stack.enter_context(Journal.open_to_read(place.journal_file))
        done = project(connection, place, read_plan(place), journal)
        if config.valkey is None:
            return done, 0
        live = LiveEvents.at(config.valkey, done.origin.source)
        stack.callback(live.close)
        try:
            return done, live.publish(journal)
        except redis.RedisError as error:
            raise TierError(
                f"Valkey at {config.valkey.where} takes no events: {type(error).__name__}",
                hint="The storage has them; run the same command to send them",
            ) from None


def _follow(config: TierConfig, connection: psycopg.Connection[Any], place: Place) -> None:
    talk(f"watching {printable(str(place.task_file))}; Ctrl-C ends it")
    place.state_dir.mkdir(parents=True, exist_ok=True)
    try:
        for _changes in watch(place.folder, place.state_dir, debounce=_QUIET, recursive=False):
            _copy(config, connection, place)
    except KeyboardInterrupt:
        raise StoppedError("Stopped") from None
