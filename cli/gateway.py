"""`mission gateway`: the read-only API of a tier, and the tokens of those who may read it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import fact, print_json, printable, talk
from cli.lazy import FullGroup
from cli.listening import CertificateOption, HostNamesOption, KeyOption, certificate_of
from errors import UsageError
from lookup.sdk import need_sdk
from mission.config.values import parse_duration
from tiers.config import load_tier_config
from tiers.gateway.tokens import Token, Tokens
from tiers.search.registry import EmbedderChoice, make_embedder
from workspace.redact import Redactor

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from tiers.gateway.serve import Also

app = typer.Typer(cls=FullGroup, help="The read-only API of a tier.", no_args_is_help=True)
token_app = typer.Typer(
    cls=FullGroup, help="Who may read: tokens, of which digests are kept.", no_args_is_help=True
)
app.add_typer(token_app, name="token")

_DEFAULT_LIFE = "90d"

TokensOption = Annotated[
    Path | None,
    typer.Option(
        "--tokens", metavar="FOLDER", help="Where tokens are kept; else below MISSION_HOME."
    ),
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Who or what has it.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def _group() -> None:
    """The read-only API of a tier."""


@app.command("serve")
def serve_gateway(
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="The configuration; else mission.config.json, .yaml or .yml here.",
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            "--host",
            metavar="HOST",
            help="Where to listen. Beyond this machine: with a token, and TLS or a proxy, only.",
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The TCP port.")] = 8420,
    names: HostNamesOption = None,
    certificate: CertificateOption = None,
    key: KeyOption = None,
    proxied: Annotated[
        bool,
        typer.Option(
            "--behind-proxy",
            help="A proxy that speaks TLS is in front of it, and nobody else reaches it.",
        ),
    ] = False,
    tokens: TokensOption = None,
    embedder: Annotated[
        EmbedderChoice,
        typer.Option("--embedder", help="What search by meaning asks; none searches by words."),
    ] = EmbedderChoice.AUTO,
) -> None:
    """Answer requests, once everything that the tier needs is there. Exit code 1 where not.

    Where there is a token, every request needs one; without any, you may read on this machine, and
    nobody else.
    """
    talk("Looking at the tier")
    from tiers.gateway.listening import Listening  # noqa: PLC0415 - takes half a second
    from tiers.gateway.serve import Booted, serve  # noqa: PLC0415 - the same

    configured = load_tier_config(config)
    for notice in configured.notices:
        talk(f"mission: {printable(notice)}")
    listening = Listening(
        host=host,
        port=port,
        names=tuple(names or ()),
        certificate=certificate_of(certificate, key),
        proxied=proxied,
    )

    def around(booted: Booted) -> ASGIApp:
        from dashboard.team import with_pages  # noqa: PLC0415 - the same

        return with_pages(
            booted.app, booted.storage.records, booted.door,
            port=booted.port, secure=booted.secure, is_over=booted.is_over,
        )  # fmt: skip

    def on_ready(url: str, without_tokens: bool) -> None:
        talk(f"{configured.tier}: listening on {url}: pages at /, the API described at /docs")
        if without_tokens:
            talk(
                "You may read it, and no other user: for others,"
                " `mission gateway token add reader --all-missions` before a start"
            )

    serve(
        configured,
        # Where the storage keeps no embeddings, a model would be loaded for nothing.
        make_embedder(embedder) if configured.vector else None,
        listening=listening,
        tokens=Tokens(tokens),
        on_ready=on_ready,
        also=_tools(),
        around=around,
    )


def _tools() -> Also | None:
    """What makes the tools for agents at /mcp, where the extra is installed and works."""
    try:
        need_sdk()
    except UsageError as error:
        talk(f"{printable(error.message)}: nothing is served at /mcp")
        return None
    from lookup.team import mounted  # noqa: PLC0415 - takes a second

    redact = Redactor.from_environment(os.environ).text
    return lambda storage: mounted(storage, redact)


@token_app.command("add")
def add_token(
    name: NameArgument,
    *,
    expires: Annotated[
        str, typer.Option("--expires", metavar="DURATION", help="After how long: 30d, 12h.")
    ] = _DEFAULT_LIFE,
    missions: Annotated[
        list[str] | None,
        typer.Option(
            "--mission",
            metavar="ID",
            help="A mission that it may read, by its id at /api/v1/missions; for several, again.",
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all-missions", help="It may read all missions, later ones too.")
    ] = False,
    tokens: TokensOption = None,
    json: Json = False,
) -> None:
    """Make a token and print it, this once. Gateways that began without any need a new start."""
    if everything == bool(missions):
        raise UsageError(
            "What may this token read?", hint="--mission ID, once or more; or --all-missions"
        )
    made = Tokens(tokens).add(
        name,
        lasting=_duration(expires),
        missions=None if everything else tuple(missions or ()),
        now=datetime.now(UTC),
    )
    if json:
        print_json({"name": name, "token": made})
    else:
        fact(made)
        talk("Only its digest is kept: this is the one time that it is shown")


@token_app.command("list")
def list_tokens(*, tokens: TokensOption = None, json: Json = False) -> None:
    """The tokens that there are: whose, until when, for what."""
    now = datetime.now(UTC)
    found = Tokens(tokens).all()
    if json:
        print_json({"tokens": [_as_fact(token, now) for token in found]})
        return
    for token in found:
        until = f"{'expired' if token.has_expired(now) else 'until'} {token.expires:%Y-%m-%d %H:%M}"
        which = "all missions" if token.missions is None else ", ".join(token.missions)
        fact(printable(f"{token.name}  {until} UTC  {which}"))
    if not found:
        talk("There is no token")


@token_app.command("revoke")
def revoke_token(name: NameArgument, *, tokens: TokensOption = None) -> None:
    """End a token at once, for gateways that run too."""
    Tokens(tokens).revoke(name)
    fact(f"{name} is revoked")


def _as_fact(token: Token, now: datetime) -> dict[str, object]:
    return {
        "name": token.name,
        "made": token.made.isoformat(),
        "expires": token.expires.isoformat(),
        "expired": token.has_expired(now),
        "missions": None if token.missions is None else list(token.missions),
    }


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--expires: {error}") from None
