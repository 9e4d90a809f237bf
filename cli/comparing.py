"""What `mission verify` finds, and what it says of it."""

from __future__ import annotations

from dataclasses import asdict, replace

from rich.console import Console

from cli.check import print_findings
from cli.console import fact, print_json, talk
from cli.live import display_for
from cli.stopping import stopped_by_signals
from errors.finding import Severity
from orchestrator.becoming import claim_mission
from orchestrator.facts import fix
from orchestrator.opening import move_journal_aside, open_mission
from workspace.process import Stop


def compare_and_tell(
    path: str | None, *, set_proven: bool, new_journal: bool, as_json: bool
) -> bool:
    """Compare the file with the facts and say where they disagree; whether they agree now.

    Raises:
        MissionError: As `orchestrator.opening.open_mission` raises it.
    """
    stop = Stop()
    if new_journal:
        aside = move_journal_aside(path)
        talk(f"the journal is now in {aside}" if aside else "there was no journal")
    with (
        display_for(Console(stderr=True)) as display,
        stopped_by_signals(stop),
        open_mission(path, display, stop) as (parts, board),
    ):
        if set_proven:
            claim_mission(parts, board)
        found = parts.comparison.compare(board)
        fixed = fix(board, found) if set_proven else 0
        if fixed:
            parts.status_commits.publish_status()
    left = [one for one in found if not (set_proven and one.fix is not None)]
    findings = [replace(one.finding, path=board.plan.path) for one in left]
    wrong = [one for one in findings if one.severity is not Severity.INFO]  # this clone is behind
    if as_json:
        print_json(
            {
                "ok": not wrong,
                "fixed": [one.finding.task for one in found if one not in left],
                "findings": [asdict(finding) for finding in findings],
            }
        )
    else:
        print_findings(findings)
        if fixed:
            fact(f"{fixed} row{'s' if fixed > 1 else ''} set to what the facts prove")
        disagreements = f"{len(wrong)} disagreement{'s' if len(wrong) > 1 else ''}"
        fact(disagreements if wrong else "the file agrees with the facts")
    return not wrong
