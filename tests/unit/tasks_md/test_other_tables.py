"""Task tables as other tools and people write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errors.finding import Severity
from tasks_md.edit import CellChange, apply, set_cells
from tasks_md.graph import Graph
from tasks_md.lint import lint
from tasks_md.model import STATUSES, Dialect, Plan
from tasks_md.parse import parse
from tests.unit.tasks_md.plans import TOP, plan_text, row


def table(header: str, *rows: str, top: str = "# Plan\n") -> str:
    rule = "|".join("---" for _ in header.strip("|").split("|"))
    return "\n".join([top, header, f"|{rule}|", *rows, ""])


def errors(plan: Plan) -> list[str]:
    return [str(one) for one in lint(plan) if one.severity is not Severity.INFO]


NUMBERED = [
    "| 1 | Extract shared components | done | — |",
    "| 7 | Cloud sync | not-started | — |",
    "| 8 | Home screen widget | not-started | {} |",
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#7", ("7",)),
        ("7", ("7",)),
        ("Task 7", ("7",)),
        ("task #7", ("7",)),
        ("Task: 7", ("7",)),
        ("`#7`", ("7",)),
        ("[7](#7)", ("7",)),
        ("#1, #7", ("1", "7")),
        ("Tasks 1, 7", ("1", "7")),
        ("[#1], [#7]", ("1", "7")),
        ("[[1], [7]]", ("1", "7")),
        ("Task 1 + Task 7", ("1", "7")),
        ("#7..#7", ("7",)),
        ("Task 7..Task 8", ("7", "8")),
        ("—", ()),
    ],
)
@pytest.mark.parametrize("header", ["#", "No.", "Nr", "Task #", "**#**"])
def test_rows_with_numbers(header: str, text: str, expected: tuple[str, ...]) -> None:
    rows = [one.format(text) for one in NUMBERED]
    plan = parse(table(f"| {header} | Task | Status | Blocked By |", *rows))
    assert list(plan.by_id) == ["1", "7", "8"]
    assert plan.task("8").depends_on == expected
    assert plan.task("8").description == "Home screen widget"
    assert plan.task("8").unreadable == ()


@pytest.mark.parametrize("text", ["#9", "Task 9", "Task", "#", "7 or 1", "1-7", "[9], [7]", "##"])
def test_a_number_that_is_no_row_is_never_nothing(text: str) -> None:
    rows = [one.format(text) for one in NUMBERED]
    plan = parse(table("| # | Task | Status | Blocked By |", *rows))
    assert plan.task("8").unreadable
    assert {one.rule for one in lint(plan)} <= {"missing-dependency", "unreadable-dependency"}
    assert "8" in Graph.of(plan).never_ready


def test_the_number_of_another_row_s_issue_is_not_guessed() -> None:
    header = "| # | Task | Status | Issue | Blocked By |"
    rows = ["| 1 | A b | done | #2 | — |", "| 2 | C d | not-started | #5 | — |"]
    last = "| 3 | E f | not-started | #6 | {} |"
    plan = parse(table(header, *rows, last.format("#2")))
    assert plan.task("3").unreadable
    (finding,) = lint(plan)
    assert (finding.rule, finding.severity) == ("unreadable-dependency", Severity.ERROR)
    assert finding.hint == "Write 2, without #, for the row"
    assert parse(table(header, *rows, last.format("2"))).task("3").depends_on == ("2",)
    assert parse(table(header, *rows, last.format("#1"))).task("3").depends_on == ("1",)


def test_a_word_for_two_rows_is_not_guessed() -> None:
    rows = ["| 7 | done | x | — |", "| #7 | done | x | — |", "| 8 | not-started | x | {} |"]
    header = "| id | status | description | needs |"
    wanted = {"7": ("7",), "#7": ("#7",), "Task 7": ()}
    for text, expected in wanted.items():
        plan = parse(table(header, *(one.format(text) for one in rows)))
        assert plan.task("8").depends_on == expected
        assert bool(plan.task("8").unreadable) == (not expected)


def test_numbers_beside_ids_stay_numbers() -> None:
    rows = ["| 1 | A-1 | x | done | — |", "| 2 | A-2 | y | not-started | A-1 |"]
    for header in ("| # | ID | Task | Status | Needs |", "| # | Task | Title | Status | Needs |"):
        plan = parse(table(header, *rows))
        assert list(plan.by_id) == ["A-1", "A-2"]
        assert plan.task("A-2").depends_on == ("A-1",)
        assert errors(plan) == []


def test_single_words_are_ids_only_where_rows_name_them() -> None:
    header = "| # | Task | Status | Needs |"
    named = ["| 1 | setup | done | |", "| 2 | build | not-started | setup |"]
    assert list(parse(table(header, *named)).by_id) == ["setup", "build"]
    numbered = ["| 1 | Setup | done | |", "| 2 | Build | not-started | #1 |"]
    assert list(parse(table(header, *numbered)).by_id) == ["1", "2"]


def test_numbers_share_no_milestone() -> None:
    rows = ["| 10 | A b | done | — |", "| 11 | C d | not-started | 1 |"]
    plan = parse(table("| # | Task | Status | Needs |", *rows, top="## Phase 1: Begin\n"))
    assert plan.milestones[0].id == "phase-1-begin"
    assert plan.task("11").unreadable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[P1-T1]", ("P1-T1",)),
        ("P1-T1", ("P1-T1",)),
        ("[P1-T1], [P1-T2]", ("P1-T1", "P1-T2")),
        ("[P1-T1, P1-T2]", ("P1-T1", "P1-T2")),
        ("[P1-T1]..[P1-T2]", ("P1-T1", "P1-T2")),
        ("[P1-T1..T2]", None),
        ("[P1-T1..2]", ("P1-T1", "P1-T2")),
        ("[P1-T1](#p1-t1)", ("P1-T1",)),
        ("[P1-T1", None),
        ("[P1-T9]", None),
    ],
)
def test_ids_in_brackets(text: str, expected: tuple[str, ...] | None) -> None:
    rows = [
        "| [P1-T1] | One | done | — |",
        "| `[P1-T2]` | Two | done | — |",
        f"| [P1-T3](#x) | Three | not-started | {text} |",
    ]
    plan = parse(table("| ID | Task | Status | Depends On |", *rows))
    assert list(plan.by_id) == ["P1-T1", "P1-T2", "P1-T3"]
    assert plan.task("P1-T3").depends_on == (expected or ())
    assert bool(plan.task("P1-T3").unreadable) == (expected is None)


def test_an_id_in_brackets_before_its_title() -> None:
    rows = ["| [P1-T1] Set it up | done | — |", "| [P1-T2] Use it | not-started | [P1-T1] |"]
    plan = parse(table("| Task | Status | Depends On |", *rows))
    assert [(one.id, one.description) for one in plan.tasks] == [
        ("P1-T1", "Set it up"),
        ("P1-T2", "Use it"),
    ]
    assert errors(plan) == []
    after = set_cells(plan, [CellChange(task="P1-T2", column="status", value="done")])
    assert "| [P1-T2] Use it | done | [P1-T1] |" in after


@pytest.mark.parametrize(
    ("header", "cells", "description"),
    [
        ("Title | Description", "Login | Add the page", "Login: Add the page"),
        ("Description | Title", "Add the page | Login", "Login: Add the page"),
        ("Title | Summary", "Login | Add the page", "Login: Add the page"),
        ("Task | Description", "Login | Add the page", "Login: Add the page"),
        ("Name | Description", "Login | Login page", "Login page"),
        ("Title | Description", "Login | —", "Login"),
        ("Title | Description", "| Add the page", "Add the page"),
        ("Task | Name", "Add the page | Alice", "Add the page"),
    ],
)
def test_a_title_beside_the_description(header: str, cells: str, description: str) -> None:
    text = table(f"| ID | {header} | Status |", f"| A-1 | {cells} | not-started |")
    plan = parse(text)
    assert errors(plan) == []
    assert plan.task("A-1").description == description
    after = set_cells(plan, [CellChange(task="A-1", column="status", value="done")])
    assert after == text.replace("not-started", "done")


def test_two_columns_of_one_name_are_still_two_for_one_thing() -> None:
    for header in ("Title | Title", "Description | Desc"):
        plan = parse(table(f"| ID | {header} | Status |", "| A-1 | x | y | done |"))
        assert [one.rule for one in lint(plan)] == ["duplicate-column"]


@pytest.mark.parametrize("header", ["Title", "title", "**Task**", "Name"])
def test_no_mapping_has_the_runner_write_into_a_title(header: str) -> None:
    text = table(f"| ID | {header} | Description | Status |", "| A-1 | x | y | not-started |")
    plan = parse(text, dialect=Dialect(columns={header: "notes"}))
    assert "notes" not in plan.task("A-1").cells
    assert plan.task("A-1").description == "x: y"


def test_a_mapping_decides_which_column_is_the_description() -> None:
    text = table("| ID | Title | Description | Status |", "| A-1 | x | y | done |")
    plan = parse(text, dialect=Dialect(columns={"title": "description"}))
    assert errors(plan) == []
    assert plan.task("A-1").description == "x"


WORDS = {
    "not-started": ["todo", "To Do", "TODO", "Pending", "open", "⬜", "☐ Todo", "[ ]", "Backlog"],
    "in-progress": ["Doing", "WIP", "🚧", "🔄 In Progress", "started"],
    "done": [
        *("completed", "Complete", "✅", "✔️", "☑", "[x]", "✅ Done", "Done ✅", "**Done** 🎉"),
        *("✅ **Completed**", "closed", ":white_check_mark:", "[x] done", "🟢 done"),
    ],
    "blocked": ["⛔", "🔴 Blocked", "On Hold"],
    "needs-qa": ["In Review", "👀 Review"],
}
PAIRS = [(word, status) for status, words in WORDS.items() for word in words]


@pytest.mark.parametrize(("word", "status"), PAIRS)
def test_the_words_of_others(word: str, status: str) -> None:
    text = table("| id | status | description |", f"| A | {word} | x |")
    plan = parse(text)
    assert plan.task("A").status == status
    (finding,) = lint(plan)
    assert (finding.rule, finding.severity) == ("borrowed-status", Severity.INFO)
    assert "`statuses: {" in finding.hint
    # What settings or the file say of a word comes first.
    said = parse(text, dialect=Dialect(statuses={word: "failed"}))
    assert said.task("A").status == "failed"
    assert lint(said) == ()


@pytest.mark.parametrize(
    "word", ["⏳", "❌", "🎉", "shipped", "✅ todo", "[x] blocked", "✅ shipped"]
)
def test_words_that_may_mean_anything_are_not_understood(word: str) -> None:
    plan = parse(table("| id | status | description |", f"| A | {word} | x |"))
    assert plan.task("A").status == word
    (finding,) = lint(plan)
    assert (finding.rule, finding.severity) == ("unknown-status", Severity.ERROR)
    assert "`statuses:`" in finding.hint


def test_each_word_is_noted_once() -> None:
    rows = ["| A | todo | x |", "| B | Todo | x |", "| C | ✅ | x |", "| D | done | x |"]
    found = lint(parse(table("| id | status | description |", *rows)))
    assert [(one.rule, one.task) for one in found] == [
        ("borrowed-status", "A"),
        ("borrowed-status", "C"),
    ]


def test_a_declared_word_is_understood_too() -> None:
    top = TOP.replace("`not-started`", "`todo`").replace("`done`", "`completed`")
    plan = parse(plan_text([row("A", "todo"), row("B", "completed")], top=top))
    assert [task.status for task in plan.tasks] == ["not-started", "done"]
    assert {one.severity for one in lint(plan)} == {Severity.INFO}
    done = set_cells(plan, [CellChange(task="A", column="status", value="done")])
    assert done == plan.text.replace("| A | todo |", "| A | completed |")


def walk(plan: Plan, task: str, *statuses: str) -> Plan:
    for status in statuses:
        plan = apply(plan, [CellChange(task=task, column="status", value=status)])
    return plan


def test_a_row_is_written_in_the_words_of_the_file() -> None:
    text = table(
        "| id | status | description |", "| A | ✅ | x |", "| B | ⬜ | x |", "| C | 🔄 | x |"
    )
    plan = parse(text)
    assert walk(plan, "B", "in-progress").text == text.replace("⬜", "🔄")
    assert walk(plan, "B", "in-progress", "done").text == text.replace("⬜", "✅")
    failed = walk(plan, "B", "in-progress", "failed")
    assert failed.text == text.replace("⬜", "failed")
    assert walk(failed, "B", "not-started").text == text


def test_where_the_file_shows_no_word_it_is_ours() -> None:
    text = table("| id | status | description |", "| A | todo | x |", "| B | todo | x |")
    assert walk(parse(text), "A", "in-progress", "done").text == text.replace(
        "| A | todo |", "| A | done |"
    )


def test_our_own_word_stays_where_a_row_has_it() -> None:
    text = table(
        "| id | status | description |", "| A | ✅ | x |", "| B | done | x |", "| C | todo | x |"
    )
    assert walk(parse(text), "C", "done").text == text.replace("todo", "done")


@settings(deadline=None, max_examples=60)
@given(
    before=st.lists(
        st.sampled_from([*(word for word, _ in PAIRS), *STATUSES, "Done", "⏳"]),
        min_size=2,
        max_size=4,
    ),
    after=st.lists(st.sampled_from(STATUSES), min_size=1, max_size=6),
)
def test_only_the_status_cell_changes_whatever_the_words(
    before: list[str], after: list[str]
) -> None:
    names = "ABCD"[: len(before)]
    rows = [f"| {name} | {word} | x |" for name, word in zip(names, before, strict=True)]
    plan = parse(table("| id | status | description |", *rows))
    for at, status in enumerate(after):
        name = names[at % len(names)]
        old = plan
        plan = walk(plan, name, status)
        assert plan.task(name).status == status
        assert plan == parse(plan.text)
        line = plan.task(name).line - 1
        assert [*plan.lines][:line] == [*old.lines][:line]
        assert [*plan.lines][line + 1 :] == [*old.lines][line + 1 :]
        assert plan.lines[line].startswith(f"| {name} | ")
        assert plan.lines[line].endswith(" | x |\n")
