"""`mission deploy`: deployments, work pools, limits and the automation in Prefect."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import talk

app = typer.Typer()


@app.command()
def deploy(
    path: Annotated[
        str | None, typer.Argument(help="A TASKS.md, or its folder, for its agents.")
    ] = None,
    lost_after: Annotated[
        str, typer.Option(help="Without a sign of life a run counts as lost after this.")
    ] = "90s",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Set up in Prefect what workers need. Run it again after each change of mission.yaml."""
    talk("Setting up pools, deployments, limits and the automation")
    from cli.deploying import deploy_and_tell  # noqa: PLC0415 - takes half a second

    deploy_and_tell(path, lost_after, as_json=as_json)
