"""`mission check`: what is wrong with a task file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from agents.known_types import refuse_unknown_types
from cli.console import Style, fact, paint, print_json, printable, screen_width, shown_path
from cli.tables import wrap
from mission.config import load_config
from mission.place import Place
from tasks_md.lint import Finding, Severity, lint
from tasks_md.parse import read

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
    """Every finding in a task file, with line, column, rule and hint. Reads mission.yaml too.

    The exit code is 1 if there are errors.
    """
    places = [Place.find(path) for path in paths] if paths else [Place.find()]
    findings = [found for place in places for found in _check(place)]
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
        print_findings(findings)
        fact(_summary(errors, warnings))
    raise typer.Exit(0 if ok else 1)


def _check(place: Place) -> Sequence[Finding]:
    config = load_config(place.config_file)
    refuse_unknown_types(config, place.config_file)
    return lint(read(place.task_file, config.dialect))


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
    for line in wrap(printable(text), screen_width() - 4):
        fact(f"    {paint(line, style)}")


def _summary(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return paint("no errors, no warnings", "green")
    text = f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}"
    return paint(text, "red" if errors else "yellow")


def _counted(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"
