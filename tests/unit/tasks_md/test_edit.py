"""Setting cells in a text."""

from __future__ import annotations

import pytest

from errors import RowConflictError, TaskFileError
from tasks_md.edit import CellChange, apply, set_cells
from tasks_md.model import Dialect
from tasks_md.parse import parse
from tests.unit.tasks_md.plans import plan_text, row


def change(column: str, value: str, *, task: str = "A", expect: str | None = None) -> CellChange:
    return CellChange(task=task, column=column, value=value, expect=expect)


def set_in_row(line: str, *changes: CellChange, header: str = "id | status | description") -> str:
    """Set cells of the one row of a small table; gives the row back."""
    rule = "|".join("-" * 3 for _ in header.split("|"))
    text = f"## S (S)\n\n| {header} |\n|{rule}|\n{line}\n"
    after = set_cells(parse(text), changes)
    assert after.startswith(text[: -len(line) - 1])
    return after.split("\n")[4]


def test_only_the_cell_changes() -> None:
    text = plan_text([row("A"), row("B")], after="\nThe end, without a line end")
    after = set_cells(parse(text), [change("status", "in-progress", task="B")])
    assert after == text.replace(row("B"), row("B", "in-progress"))


def test_several_cells_in_one_go() -> None:
    text = plan_text([row("A"), row("B")])
    changes = [change("notes", "n1"), change("status", "done"), change("notes", "n2", task="B")]
    after = set_cells(parse(text), changes)
    assert after == plan_text([row("A", "done", notes="n1"), row("B", notes="n2")])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("| A | not-started | x |", "| A | done | x |"),
        ("|A|not-started|x|", "|A|done|x|"),
        ("| A | not-started     | x |", "| A | done            | x |"),
        ("| A |     not-started | x |", "| A |            done | x |"),
        ("| A |\tnot-started\t| x |", "| A |\tdone | x |"),
        ("  | A | not-started | x |  ", "  | A | done | x |  "),
        ("A | not-started | x", "A | done | x"),
        ("| A | not-started", "| A | done"),
    ],
)
def test_padding_stays_as_it_was(before: str, after: str) -> None:
    assert set_in_row(before, change("status", "done")) == after


def test_an_aligned_column_stays_aligned_there_and_back() -> None:
    text = (
        "## S (S)\n\n| id  | status | title |\n| --- | ------ | ----- |\n"
        "| A   | done   | 数字  |\n| B   | failed |       |\n"
    )
    plan = parse(text)
    longer = apply(plan, [change("status", "in-progress")])
    assert "| A   | in-progress | 数字  |" in longer.text
    assert apply(longer, [change("status", "done")]).text == text
    noted = set_cells(plan, [change("description", "日本", task="B")])
    assert "| B   | failed | 日本  |" in noted


@pytest.mark.parametrize("empty", ["| |", "|  |", "||"])
def test_text_in_an_empty_cell_stands_between_spaces(empty: str) -> None:
    text = f"## S (S)\n\n| id | status | title |\n| --- | --- | --- |\n| A | done {empty}\n"
    after = set_cells(parse(text), [change("description", "word")])
    assert after.endswith("| A | done |word|\n" if empty == "||" else "| A | done | word |\n")


def test_a_compact_row_stays_compact() -> None:
    text = (
        "## S (S)\n\n| id | status | title |\n|----|--------|-------|\n| A-001 | done | hello |\n"
    )
    plan = parse(text)
    for status in ("not-started", "failed", "done"):
        plan = apply(plan, [change("status", status, task="A-001")])
    assert plan.text == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("| A | done |", "| A | done | y |"),
        ("| A | done", "| A | done | y |"),
        ("| A | done |  ", "| A | done | y |  "),
    ],
)
def test_a_cell_that_the_row_lacks_is_added(before: str, after: str) -> None:
    assert set_in_row(before, change("description", "y")) == after


def test_cells_before_an_added_one_are_added_empty() -> None:
    line = set_in_row(
        "| A | done |", change("notes", "n"), header="id | status | description | x | notes"
    )
    assert line == "| A | done | | | n |"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a|b", "a\\|b"),
        ("a\\|b", "a\\\\|b"),
        ("two\nlines\r\nhere", "two lines here"),
        ("  around  ", "around"),
        ("tab\there", "tab here"),
        ("\x1b[31mred\x00", "\ufffd[31mred\ufffd"),
        ("$(rm -rf /); `x` '\"", "$(rm -rf /); `x` '\""),
        ("line\u2028separator", "line\u2028separator"),
    ],
)
def test_any_text_fits_into_a_cell(value: str, text: str) -> None:
    plan = apply(parse(plan_text([row("A", notes="x")])), [change("notes", value)])
    assert plan.text == plan_text([row("A", notes=text)])
    assert plan.task("A").notes == text.replace("\\|", "|")


def test_the_last_cell_of_a_row_without_a_frame_can_be_emptied() -> None:
    assert set_in_row("| A | done | x", change("description", "")) == "| A | done | |"
    assert set_in_row("| A | done", change("description", "")) == "| A | done"


def test_a_backslash_at_the_end_does_not_escape_the_frame() -> None:
    assert set_in_row("|A|done|x|", change("description", "C:\\")) == "|A|done|C:\\ |"


def test_the_file_keeps_its_own_words() -> None:
    text = (
        "> **Status values:** `To Do` | `Doing` | `Finished`\n\n## S (S)\n\n"
        "| id | status | description |\n|-|-|-|\n| A | To Do | x |\n"
    )
    dialect = Dialect(statuses={"to do": "not-started", "doing": "in-progress", "finished": "done"})
    plan = parse(text, dialect=dialect)
    doing = apply(plan, [change("status", "in-progress", expect="not-started")])
    assert doing.text == text.replace("| To Do |", "| Doing |")
    assert doing.task("A").status == "in-progress"
    assert set_cells(plan, [change("status", "not-started")]) == text


def test_a_change_decided_on_something_else_is_refused() -> None:
    plan = parse(plan_text([row("A", "done")]))
    with pytest.raises(RowConflictError, match="the status of A is 'done', not 'in-progress'"):
        set_cells(plan, [change("status", "failed", expect="in-progress")])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (change("status", "almost"), "'almost' is no status"),
        (change("colour", "red"), "no column 'colour'"),
        (change("id", "B"), "cannot be changed"),
        (change("status", "done", task="Z"), "no task 'Z'"),
    ],
)
def test_a_change_that_makes_no_sense(wrong: CellChange, message: str) -> None:
    with pytest.raises(TaskFileError, match=message):
        set_cells(parse(plan_text([row("A")])), [wrong])


def test_a_row_with_a_repeated_id_is_not_written() -> None:
    with pytest.raises(TaskFileError, match="two rows are called A"):
        set_cells(parse(plan_text([row("A"), row("A")])), [change("status", "done")])


def test_a_row_that_would_stop_being_a_row_is_not_written() -> None:
    text = "## S (S)\n\ndescription | id | status\n---|---|---\nx | A | done\n"
    with pytest.raises(TaskFileError, match="the row of A cannot hold '# y'"):
        set_cells(parse(text), [change("description", "# y")])


def test_other_columns_are_read_again_too() -> None:
    plan = apply(parse(plan_text([row("A"), row("B")])), [change("depends_on", "A", task="B")])
    assert plan.task("B").depends_on == ("A",)
    assert apply(plan, [change("estimate", "9K")]).task("A").estimate_tokens == 9000
