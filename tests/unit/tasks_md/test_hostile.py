"""Text that is meant to hurt: huge cells, patterns that make a regular expression run for hours."""

from __future__ import annotations

import pytest

from tasks_md.edit import CellChange, apply, set_cells
from tasks_md.graph import Graph
from tasks_md.lint import lint
from tasks_md.model import COLUMNS
from tasks_md.parse import parse
from tests.unit.tasks_md.plans import HEADER, RULE, TOP, plan_text, row

MEGABYTE = 1_000_000
LONG = 200_000  # what takes a second for each million steps takes hours when they are squared
PATTERNS = {
    "letters": "x",
    "blanks": "\u00a0 ",
    "backslashes": "\\",
    "marks": "`",
    "stars": "*",
    "dots": ".",
    "commas": ",",
    "ids": "A-01,",
    "ranges": "A-01..",
    "digits": "1",
    "numbers": "1 ",
    "brackets": "[",
    "links": "[a](b",
    "dashes": "-",
    "slashes": "a/",
    "wide": "任",
    "shell": "$(x);",
    "totals": "total estimate ",
    "quotes": "> ",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_long_text_in_every_cell(pattern: str) -> None:
    text = PATTERNS[pattern] * (LONG // len(PATTERNS[pattern]))
    for column in COLUMNS[1:]:
        cells = dict.fromkeys(COLUMNS, "—") | {"id": "B-01", "status": "done", column: text}
        plan = parse(plan_text([row("A-01"), f"| {' | '.join(cells.values())} |"]))
        assert plan.task("B-01").cells[column].text == text.strip()
        assert Graph.of(plan).order
        findings = lint(plan)
        assert all(len(finding.message) + len(finding.hint) < 1000 for finding in findings)
        assert len(findings) < 20


@pytest.mark.timeout(60)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_long_text_is_written(pattern: str) -> None:
    text = PATTERNS[pattern] * (LONG // len(PATTERNS[pattern]))
    plan = apply(
        parse(plan_text([row("A-01")])), [CellChange(task="A-01", column="notes", value=text)]
    )
    assert plan.task("A-01").notes == text.strip()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_long_text_outside_of_tables(pattern: str) -> None:
    text = PATTERNS[pattern] * (LONG // len(PATTERNS[pattern]))
    for line in (text, f"## {text}", f"> **{text}", f"> **Status values:** {text}", f"**{text}"):
        parse(f"{line}\n\n{plan_text([row('A-01')], top='')}")
        parse(plan_text([row("A-01")], after=f"\n{line}\n"))


def test_a_megabyte_in_a_cell() -> None:
    text = "任x" * (MEGABYTE // 2)
    plan = parse(plan_text([row("A-01", notes=text), row("A-02", description=text)]))
    after = apply(plan, [CellChange(task="A-01", column="status", value="done")])
    assert after.text == plan.text.replace("| not-started |", "| done |", 1)
    assert (after.task("A-01").notes, after.task("A-02").description) == (text, text)


def test_text_that_looks_like_commands_is_text() -> None:
    evil = "`; rm -rf / #` $(curl x|sh) '\"; -- --exec=x ../../../etc/passwd %s {0} \x1b[2J"
    plan = parse(plan_text([row("A", notes="x")]))
    after = set_cells(plan, [CellChange(task="A", column="notes", value=evil)])
    assert parse(after).task("A").notes == evil.replace("\x1b", "\ufffd")


def test_ten_thousand_mistakes_are_reported_in_reasonable_time() -> None:
    rows = [row(f"t{n}", "odd", f"zz-{n}", agent="who", branch="-") for n in range(10_000)]
    findings = lint(parse(plan_text(rows)))
    assert len(findings) == 30_000


def test_a_table_with_more_missing_cells_than_markdown_allows() -> None:
    """markdown-it ends a table whose rows lack more than 65,536 cells; none are lost silently."""
    rows = [f"| t{n} | not-started |" for n in range(10_000)]
    text = TOP + "\n".join([HEADER, RULE, *rows]) + "\n"
    plan = parse(text)
    assert len(plan.tasks) < 10_000
    assert "stray-row" in {finding.rule for finding in lint(plan)}
