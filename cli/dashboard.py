"""`mission dashboard`: pages on missions, for a browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.console import fact, printable, talk
from cli.listening import CertificateOption, HostNamesOption, KeyOption, certificate_of
from cli.typed_here import place_at
from mission.amounts import counted
from mission.place import Place
from workspace.redact import Redactor

app = typer.Typer()

_PORT = 8421
_BEHIND_RUNS = 5  # by how much nicer it is than the runs that it shows: looking on slows none


@app.command()
def dashboard(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Each a TASKS.md, or a folder that holds one; without any, the one here.",
        ),
    ] = None,
    *,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="HOST", help="Where to listen. Beyond this machine: with TLS only."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=1,
            max=65535,
            help=f"The TCP port; {_PORT} if not said, or any other where that is taken.",
        ),
    ] = None,
    names: HostNamesOption = None,
    certificate: CertificateOption = None,
    key: KeyOption = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Nothing can be decided on its pages.")
    ] = False,
    export_to: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="DIR",
            help="Write the pages as files into a folder instead, without logs.",
        ),
    ] = None,
) -> None:
    """Show missions in a browser, live, and take there what a person decides. Ctrl-C ends it.

    It prints an address with a token: whoever has it sees the missions, and decides in your name as
    the commands do. Other users of this machine see nothing. No run needs it, and it slows none.
    """
    # Of several, a message does not say which it is about.
    find = Place.find if paths and len(paths) > 1 else place_at
    places = [find(path) for path in paths or (None,)]
    talk(printable(f"Making the pages of {', '.join(str(one.task_file) for one in places)}"))
    # All of these take a second to import: whoever waits has been told of it first.
    from cli.asking import asker  # noqa: PLC0415  after the first line
    from dashboard.deciding import Decisions  # noqa: PLC0415  after the first line
    from dashboard.export import export  # noqa: PLC0415  after the first line
    from dashboard.missions import Missions  # noqa: PLC0415  after the first line
    from dashboard.serve import opened  # noqa: PLC0415  after the first line
    from tiers.gateway.listening import Listening  # noqa: PLC0415  after the first line

    listening = Listening(
        host=host,
        port=port or _PORT,
        names=tuple(names or ()),
        certificate=certificate_of(certificate, key),
    )
    if export_to is not None:
        written = export(Missions.of(places), export_to)
        fact(
            printable(f"{counted(written, 'file')} in {export_to}: open {export_to / 'index.html'}")
        )
        return
    redact = Redactor.from_environment().text
    decisions = None if read_only else Decisions(by=asker(), redact=redact)
    os.nice(_BEHIND_RUNS)
    try:
        with opened(
            places,
            listening,
            any_port=port is None,
            decisions=decisions,
            prefect=os.environ.get("PREFECT_API_URL", ""),
        ) as ready:
            may = "look" if read_only else "look and decide"
            talk(f"Open this address; whoever has it may {may}:")
            talk(f"  {ready.address}")
            ready.run()
    finally:
        if decisions is not None:
            decisions.close()
