"""`mission check`: what is wrong with a mission."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from cli.console import Style, fact, paint, print_json, printable, screen_width, shown_path
from cli.tables import wrap
from cli.typed_here import place_at, text_here
from errors import UnreadableError
from errors.finding import Finding, Severity
from orchestrator.soundness.soundness import examine

app = typer.Typer()

_STYLES: dict[Severity, Style] = {
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.INFO: "dim",
}


@app.command()
def check(
    paths: Annotated[
        list[str] | None, typer.Argument(help="TASKS.md files, or folders that hold one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
) -> None:
    """Everything that is wrong with a mission, with file, line, column, rule and hint: its task
    file, its mission.yaml, and whether what these name is there.

    The exit code is 1 if there are errors, 2 if one of the files cannot be read.
    """
    named: Sequence[str | None] = paths or [None]
    examined = [examine(place_at(path)) for path in named]
    findings = [found for one in examined for found in one.findings]
    counts = Counter(finding.severity for finding in findings)
    errors, warnings = counts[Severity.ERROR], counts[Severity.WARNING]
    ok = errors == 0 and not (strict and warnings)
    if as_json:
        print_json(
            {
                "ok": ok,
                "errors": errors,
                "warnings": warnings,
                "findings": [asdict(finding) for finding in findings],
            }
        )
    else:
        for path, one in zip(named, examined, strict=True):
            place_at(path)  # what hints name is this mission, and not the last of them
            print_findings(one.findings)
        fact(_summary(errors, warnings))
    if any(one.unreadable for one in examined):
        raise typer.Exit(UnreadableError.exit_code)
    raise typer.Exit(0 if ok else 1)


def print_findings(findings: Sequence[Finding]) -> None:
    """Each finding with its place, message and hint, for people."""
    for finding in findings:
        where = f"{shown_path(finding.path)}:{finding.line}:{finding.column}:"
        severity = paint(finding.severity, _STYLES[finding.severity])
        fact(f"{where} {severity}: {finding.rule}")
        _indented(finding.message, "")
        if finding.severity is not Severity.INFO:
            _indented(finding.hint, "dim")


def _indented(text: str, style: Style) -> None:
    for line in wrap(printable(text_here(text)), screen_width() - 4):
        fact(f"    {paint(line, style)}")


def _summary(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return paint("no errors, no warnings", "green")
    text = f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}"
    return paint(text, "red" if errors else "yellow")


def _counted(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"
