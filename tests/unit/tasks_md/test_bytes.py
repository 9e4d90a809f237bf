"""For any file: what is read is what Markdown says, and a change touches one cell's bytes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from errors import TaskFileError
from tasks_md.blocks import RawTable, read_blocks
from tasks_md.edit import CellChange, apply, set_cells
from tasks_md.graph import Graph
from tasks_md.lint import lint
from tasks_md.model import STATUSES, Plan
from tasks_md.parse import decode, encode, parse
from tasks_md.rules import RULES
from tasks_md.spans import cell_text, escape, raw_cells, split_lines, unescape
from tasks_md.words import bare, is_nothing
from tasks_md.writer import StatusWriter
from tests.unit.tasks_md.documents import cell_texts, documents, mutated, values
from tests.unit.tasks_md.plans import plan_text, row

FILES = documents() | mutated()
thorough = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(text=FILES)
def test_any_text_can_be_read(text: str) -> None:
    plan = parse(text)
    assert "".join(plan.lines) == plan.text == text
    assert decode(encode(text)) == text
    assert plan.by_id.keys() == {task.id for task in plan.tasks}
    for task in plan.tasks:
        for cell in task.cells.values():
            assert unescape(plan.lines[cell.line - 1][cell.start : cell.end]) == cell.text
    for milestone in plan.milestones:
        assert 0 < milestone.body_line <= milestone.end_line <= len(plan.lines) + 1
        assert "".join(plan.around(milestone)) == text
    for finding in lint(plan):
        assert finding.rule in RULES
        assert 1 <= finding.line <= max(1, len(plan.lines))
        assert 1 <= finding.column <= len(plan.lines[finding.line - 1]) + 1 if plan.lines else True
    graph = Graph.of(plan)
    assert sorted(graph.order) == sorted(plan.by_id)
    errors = {finding.task for finding in lint(plan) if finding.severity == "error"}
    for task in plan.tasks:
        if task.unreadable and "has no tasks yet" not in task.unreadable[0]:
            assert task.id in errors or None in errors


@thorough
@given(text=FILES)
def test_cells_are_those_of_markdown(text: str) -> None:
    """markdown-it-py's own cells, which follow the same rules but have no positions."""
    lines = split_lines(text)
    ours = [
        [
            [unescape(raw) for raw in raw_cells(row.content)[0]]
            for row in (block.header, *block.rows)
        ]
        for block in read_blocks(lines)
        if isinstance(block, RawTable)
    ]
    theirs: list[list[list[str]]] = []
    cell = False  # text after a table may be nested as deeply as a cell's
    for token in MarkdownIt("commonmark").enable("table").parse(text.removeprefix("\ufeff")):
        cell = token.type in ("th_open", "td_open") or (cell and token.type == "inline")
        if token.type == "table_open":
            theirs.append([])
        elif token.type == "tr_open":
            theirs[-1].append([])
        elif cell and token.type == "inline":
            theirs[-1][-1].append(token.content.strip())
    assert len(ours) == len(theirs)
    for our_table, their_table in zip(ours, theirs, strict=True):
        assert len(our_table) == len(their_table)
        count = len(their_table[0])
        for our_row, their_row in zip(our_table, their_table, strict=True):
            padded = (our_row + [""] * count)[:count]
            assert [cell.replace("\0", "\ufffd") for cell in padded] == their_row


_dependency = st.sampled_from(
    ["T-01", "T-02", "T-09", "M1", "M2", "..", "…", ",", ";", "+", " ", "[", "]", "`", "—", "none"]
)


@thorough
@given(text=st.lists(_dependency, max_size=6).map("".join) | cell_texts)
def test_a_dependency_is_understood_or_refused_but_never_lost(text: str) -> None:
    written = escape(cell_text(text))
    rows = [row("T-01"), row("T-02"), row("T-03", depends_on=written)]
    plan = parse(plan_text(rows, after="\n## Milestone 2 — Later (M2)\n"))
    task = plan.task("T-03")
    nothing = is_nothing(bare(cell_text(text)))
    assert nothing == (not task.depends_on and not task.unreadable)
    assert set(task.depends_on) <= {"T-01", "T-02"}
    assert ("T-03" in Graph.of(plan).never_ready) == bool(task.unreadable)
    findings = [finding for finding in plan.findings if finding.task == "T-03"]
    assert bool(findings) == bool(task.unreadable)


@st.composite
def changes(draw: st.DrawFn, plan: Plan) -> CellChange:
    task = plan.task(draw(st.sampled_from(sorted(plan.by_id))))
    column = draw(st.sampled_from([name for name in task.cells if name != "id"]))
    value = draw(st.sampled_from(STATUSES) if column == "status" else values)
    return CellChange(task=task.id, column=column, value=value)


@settings(parent=thorough, max_examples=150)
@given(text=FILES, data=st.data())
def test_a_change_touches_its_cell_only(text: str, data: st.DataObject) -> None:
    plan = parse(text)
    if not plan.tasks:
        return
    change = data.draw(changes(plan))
    cell = plan.task(change.task).cells[change.column]
    try:
        after = set_cells(plan, [change])
    except TaskFileError as error:
        event("refused")
        repeated = "two rows" in error.message
        frameless = not plan.lines[cell.line - 1].lstrip(" >-\t\ufeff").startswith("|")
        assert repeated or frameless
        return
    event("missing" if cell.missing else "there")
    start = sum(len(line) for line in plan.lines[: cell.line - 1])
    kept = len(text) - (start + cell.end)
    assert after[: start + cell.start] == text[: start + cell.start]
    assert after[len(after) - kept :] == text[start + cell.end :]

    # What was set reads back, and everything else reads as before.
    again = parse(after)
    task = again.task(change.task)
    if change.column == "status":
        assert task.status == change.value
    else:
        assert task.cells[change.column].text == cell_text(change.value)
    assert again == apply(plan, [change])
    for old, new in zip(plan.tasks, again.tasks, strict=True):
        for name, before in old.cells.items():
            if (old.id, name) != (change.task, change.column):
                assert new.cells[name].text == before.text
    assert set_cells(again, [change]) == after


@settings(parent=thorough, max_examples=80)
@given(text=documents(), data=st.data())
def test_changes_in_one_go_are_the_changes_one_by_one(text: str, data: st.DataObject) -> None:
    plan = parse(text)
    if not plan.tasks:
        return
    several = data.draw(st.lists(changes(plan), min_size=2, max_size=4))
    several = list({(change.task, change.column): change for change in several}.values())
    try:
        together = apply(plan, several)
        one_by_one = plan
        for change in several:
            one_by_one = apply(one_by_one, [change])
    except TaskFileError:
        return
    assert [{name: cell.text for name, cell in task.cells.items()} for task in together.tasks] == [
        {name: cell.text for name, cell in task.cells.items()} for task in one_by_one.tasks
    ]
    assert together == parse(together.text)


@settings(parent=thorough, max_examples=40)
@given(text=FILES, data=st.data())
def test_the_writer_writes_just_that(
    text: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    plan = parse(text)
    if not plan.tasks:
        return
    change = data.draw(changes(plan))
    try:
        after = set_cells(plan, [change])
    except TaskFileError:
        return
    folder = tmp_path_factory.mktemp("written")
    path = folder / "TASKS.md"
    path.write_bytes(encode(text))
    with StatusWriter(path, lock_dir=folder) as writer:
        written = writer.apply([change])
        assert writer.read() is written
    assert path.read_bytes() == encode(after)
    assert written.text == after
