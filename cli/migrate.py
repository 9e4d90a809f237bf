"""`mission tier migrate`: a storage moves to the federated tier."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from cli.console import fact, print_json, printable, talk
from cli.question import agreed
from cli.tables import Column, table
from errors import StoppedError, UsageError
from tiers.migration.move import Moved
from tiers.migration.places import find_place
from tiers.migration.run import Preview, migrate, preview_migration
from tiers.settings.model import Tier

VERSION = 1  # of the JSON object

app = typer.Typer()


@app.command("migrate")
def migrate_storage(
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="STORAGE",
            help="local, standalone, a configuration file, a folder of PGlite's, or a URL.",
        ),
    ],
    target: Annotated[
        str,
        typer.Option("--to", metavar="STORAGE", help="federated, a configuration file, or a URL."),
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, and write nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    allow_non_empty: Annotated[
        bool, typer.Option("--allow-non-empty", help="The target may have rows already.")
    ] = False,
    leave: Annotated[
        list[str] | None,
        typer.Option("--leave", metavar="TABLE.COLUMN", help="Give a column of the source up."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Move users, teams, missions, tasks, notes and events to the federated tier. One way.

    Killed at any point and run again, it goes on. Secrets, sessions and tokens are never copied.
    """
    here = find_place(source, url_tier=Tier.STANDALONE)
    there = find_place(target, url_tier=Tier.FEDERATED)
    if dry_run:
        preview = preview_migration(here, there, leave=leave or (), allow_non_empty=allow_non_empty)
        if as_json:
            print_json(_preview_facts(preview) | {"dry_run": True})
        else:
            fact(_preview_text(preview))
        return
    with _progress() as progress:

        def agree(preview: Preview) -> None:
            _agree(preview, yes=yes)
            progress.begin(preview)

        try:
            preview, moved = migrate(
                here,
                there,
                agree=agree,
                progress=progress.advance,
                leave=leave or (),
                allow_non_empty=allow_non_empty,
            )
        except KeyboardInterrupt:
            raise StoppedError(
                "Stopped: each table is there in whole or not at all",
                hint="Run the same command to go on",
            ) from None
    if as_json:
        print_json(
            _preview_facts(preview)
            | {"dry_run": False, "tables": [_moved_facts(one) for one in moved]}
        )
    else:
        fact(_moved_text(moved))


def _agree(preview: Preview, *, yes: bool) -> None:
    """Show what goes where and ask.

    Raises:
        UsageError: There is nobody to ask.
        StoppedError: The answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("There is no terminal to ask on", hint="Give --yes, or --dry-run to look")
    talk(_preview_text(preview))
    if not agreed("Migrate?"):
        raise StoppedError("Nothing was written")


class _Bars:
    """A bar for each table, on a terminal; nothing elsewhere."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def begin(self, preview: Preview) -> None:
        """Show the bars, empty."""
        for one in preview.tables:
            self._bars[one.table] = self._progress.add_task(one.table, total=one.source_rows)
        self._progress.start()

    def advance(self, name: str, rows: int) -> None:
        """Move a table's bar on."""
        self._progress.advance(self._bars[name], rows)


@contextmanager
def _progress() -> Iterator[_Bars]:
    console = Console(stderr=True)
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    try:
        yield _Bars(progress)
    finally:
        progress.stop()


def _preview_text(preview: Preview) -> str:
    rows = [
        (
            one.source,
            one.table,
            str(one.source_rows),
            str(one.target_rows),
            _would(preview, one.table),
        )
        for one in preview.tables
    ]
    headings = (
        Column(heading="in the source"),
        Column(heading="in the target"),
        Column(heading="rows there", right=True),
        Column(heading="rows here", right=True),
        Column(heading="would be", flexible=True),
    )
    lines = [f"from {printable(preview.source)}", f"to   {printable(preview.target)}"]
    if preview.resumes:
        lines.append("an interrupted migration goes on")
    lines.append(table(headings, rows))
    if preview.left:
        lines.append(f"left behind: {', '.join(map(printable, preview.left))}")
    return "\n".join(lines)


def _would(preview: Preview, name: str) -> str:
    one = next(one for one in preview.tables if one.table == name)
    if not one.source_rows:
        return "nothing"
    return "updated and inserted, by key" if one.target_rows else "inserted"


def _moved_text(moved: Sequence[Moved]) -> str:
    headings = (
        Column(heading="table"),
        *(
            Column(heading=heading, right=True)
            for heading in ("read", "written", "skipped", "seconds", "rows/s", "there now")
        ),
        Column(heading="checksums"),
    )
    rows = [
        (
            one.table,
            *map(str, (one.read, one.written, one.skipped)),
            f"{one.seconds:.2f}",
            f"{one.rows_per_second:.0f}",
            str(one.at_target),
            f"equal ({int(one.target_checksum) % (1 << 32):08x})",
        )
        for one in moved
    ]
    return table(headings, rows)


def _preview_facts(preview: Preview) -> dict[str, object]:
    return {
        "version": VERSION,
        "source": preview.source,
        "target": preview.target,
        "resumed": preview.resumes,
        "left": list(preview.left),
        "tables": [
            {
                "table": one.table,
                "source_table": one.source,
                "source_rows": one.source_rows,
                "target_rows": one.target_rows,
                "action": _would(preview, one.table),
            }
            for one in preview.tables
        ],
    }


def _moved_facts(one: Moved) -> dict[str, object]:
    return {
        "table": one.table,
        "source_table": one.source,
        "read": one.read,
        "written": one.written,
        "skipped": one.skipped,
        "seconds": round(one.seconds, 3),
        "rows_per_second": round(one.rows_per_second),
        "source_checksum": one.source_checksum,
        "target_checksum": one.target_checksum,
        "equal": one.source_checksum == one.target_checksum,
        "target_rows": one.at_target,
    }
