"""`mission gateway serve`: the read-only API of a tier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import printable, talk
from cli.lazy import FullGroup
from tiers.config import load_tier_config
from tiers.gateway.serve import serve
from tiers.search.registry import EmbedderChoice, make_embedder

app = typer.Typer(cls=FullGroup, help="The read-only API of a tier.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The read-only API of a tier."""


@app.command("serve")
def serve_gateway(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="The configuration; else mission.config.json, .yaml or .yml here.",
        ),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 8420,
    embedder: Annotated[
        EmbedderChoice,
        typer.Option("--embedder", help="What search by meaning asks; none searches by words."),
    ] = EmbedderChoice.AUTO,
) -> None:
    """Answer requests, once everything that the tier needs is there. Exit code 1 where not."""
    configured = load_tier_config(config)
    for notice in configured.notices:
        talk(f"mission: {printable(notice)}")
    serve(
        configured,
        # Where the storage keeps no embeddings, a model would be loaded for nothing.
        make_embedder(embedder) if configured.vector else None,
        host=host,
        port=port,
        on_ready=lambda url: talk(f"{configured.tier}: listening on {url}, described at /docs"),
    )
