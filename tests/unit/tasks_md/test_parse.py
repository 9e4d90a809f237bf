"""Reading a task file."""

from __future__ import annotations

from pathlib import Path

import pytest

from errors import TaskFileError
from errors.finding import Severity
from mission.state import Status
from tasks_md.model import AUTO, STATUSES, BranchKind, Dialect
from tasks_md.parse import parse, read
from tests.unit.tasks_md.plans import HEADER, RULE, TOP, plan_text, row

ROOT = Path(__file__).parents[3]
# The shipped mission, and the user's own file where it lies beside the checkout.
FEDERATION = [
    path
    for folder in (ROOT, ROOT.parent / "shared")
    if (path := folder / "missions/federation-v1/TASKS.md").exists()
]


def test_the_format_and_the_state_machine_know_the_same_statuses() -> None:
    assert tuple(Status) == STATUSES


def test_a_row_becomes_a_task() -> None:
    text = plan_text([row("A-01", "done"), row("A-02", depends_on="A-01", notes="see `x\\|y`")])
    plan = parse(text)
    task = plan.task("A-02")
    assert plan.mission == "example-1"
    assert plan.findings == ()
    assert (task.status, task.description, task.issue) == ("not-started", "Do it", "#7")
    assert (task.agent, task.branch, task.branch_kind) == ("sonnet", "feat/a-02", BranchKind.NAMED)
    assert (task.depends_on, task.estimate_tokens) == (("A-01",), 4000)
    assert (task.notes, task.milestone, task.unreadable) == ("see `x|y`", "M1", ())
    assert text.splitlines()[task.line - 1].startswith("| A-02")


def test_a_cell_knows_where_it_lies() -> None:
    plan = parse(plan_text([row("A-01", notes="hello")]))
    cell = plan.task("A-01").cells["notes"]
    line = plan.lines[cell.line - 1]
    assert line[cell.start : cell.end] == " hello "
    assert line[cell.column - 1 :].startswith("hello")


@pytest.mark.parametrize(
    ("text", "branch", "kind"),
    [
        ("feat/x", "feat/x", BranchKind.NAMED),
        ("`feat/x`", "feat/x", BranchKind.NAMED),
        ("—", None, BranchKind.NONE),
        ("", None, BranchKind.NONE),
        ("(aggregate)", None, BranchKind.AGGREGATE),
    ],
)
def test_branches(text: str, branch: str | None, kind: BranchKind) -> None:
    task = parse(plan_text([row("A", branch=text)])).task("A")
    assert (task.branch, task.branch_kind) == (branch, kind)


@pytest.mark.parametrize("text", ["—", "-", "", "auto", "`—`"])
def test_an_open_choice_of_agent(text: str) -> None:
    assert parse(plan_text([row("A", agent=text)])).task("A").agent == AUTO


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        ("#460", "#460"),
        ("460", "#460"),
        ("[#460](https://forge.example/o/r/issues/460)", "#460"),
        ("https://forge.example/o/r/issues/460", "#460"),
        ("o/r#460", "o/r#460"),
        ("—", None),
        ("", None),
    ],
)
def test_issues(text: str, issue: str | None) -> None:
    assert parse(plan_text([row("A", issue=text)])).task("A").issue == issue


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("4K", 4000),
        ("~74k tokens", 74000),
        ("1.5M", 1_500_000),
        ("12,000", 12000),
        ("0", 0),
        ("—", None),
        ("", None),
    ],
)
def test_estimates(text: str, tokens: int | None) -> None:
    assert parse(plan_text([row("A", estimate=text)])).task("A").estimate_tokens == tokens


def test_an_estimate_that_is_none_is_found() -> None:
    plan = parse(plan_text([row("A", estimate="soon")]))
    assert [f.rule for f in plan.findings] == ["unreadable-estimate"]
    assert plan.task("A").estimate_tokens is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("—", ()),
        ("-", ()),
        ("none", ()),
        ("[]", ()),
        ("", ()),
        ("A-01", ("A-01",)),
        ("`A-01`", ("A-01",)),
        ("A-01, A-02", ("A-01", "A-02")),
        ("A-01;A-02", ("A-01", "A-02")),
        ("A-01 + A-02", ("A-01", "A-02")),
        ("[A-01, A-02]", ("A-01", "A-02")),
        ("A-01, A-01", ("A-01",)),
        ("A-01..03", ("A-01", "A-02", "A-03")),
        ("A-01..A-03", ("A-01", "A-02", "A-03")),
        ("A-01 … 02, A-03", ("A-01", "A-02", "A-03")),
        ("M0", ("Z-1", "Z-2")),
    ],
)
def test_dependencies(text: str, expected: tuple[str, ...]) -> None:
    first = "## Milestone 0 — Before (M0)\n\n" + "\n".join([HEADER, RULE, row("Z-1"), row("Z-2")])
    top = TOP.replace("## Milestone 1", first + "\n\n## Milestone 1")
    rows = [row("A-01"), row("A-02"), row("A-03"), row("A-04", depends_on=text)]
    plan = parse(plan_text(rows, top=top))
    assert plan.task("A-04").depends_on == expected
    assert plan.task("A-04").unreadable == ()
    assert plan.findings == ()


@pytest.mark.parametrize(
    ("text", "rule", "at"),
    [
        ("B-01", "missing-dependency", 0),
        ("A-01, B-01", "missing-dependency", 6),
        ("a-01", "missing-dependency", 0),
        ("A-01..05", "missing-dependency", 0),
        ("A-01..999999999999", "missing-dependency", 0),
        ("A-02..01", "unreadable-dependency", 0),
        ("A-01..", "unreadable-dependency", 0),
        ("A-01..B-02", "unreadable-dependency", 0),
        ("after A-01 is done", "unreadable-dependency", 0),
        ("A-01 A-02", "unreadable-dependency", 0),
        ("?", "unreadable-dependency", 0),
        (",", "unreadable-dependency", 0),
        ("M9", "placeholder-dependency", 0),
    ],
)
def test_a_dependency_that_is_not_understood_is_never_nothing(
    text: str, rule: str, at: int
) -> None:
    rows = [row("A-01"), row("A-02"), row("A-03", depends_on=text)]
    plan = parse(plan_text(rows, after="\n## Milestone 9 — Later (M9)\n\nIssue #99.\n"))
    finding = plan.findings[0]
    cell = plan.task("A-03").cells["depends_on"]
    assert (finding.rule, finding.task) == (rule, "A-03")
    assert (finding.line, finding.column) == (cell.line, cell.column + at)
    assert plan.task("A-03").unreadable


def test_a_task_may_wait_for_the_rest_of_its_milestone() -> None:
    plan = parse(plan_text([row("A-01"), row("A-02"), row("A-03", depends_on="M1")]))
    assert plan.task("A-03").depends_on == ("A-01", "A-02")
    assert plan.findings == ()


def test_columns_are_found_by_name() -> None:
    text = (
        "## Stage (S)\n\n| Task | blocked-by | Status | Risk | **Title** |\n|-|-|-|-|-|\n"
        "| a | — | done | high | One |\n| b | a | not-started | low | Two |\n"
    )
    task = parse(text).task("b")
    assert (task.depends_on, task.status, task.description) == (("a",), "not-started", "Two")
    assert task.cells["Risk"].text == "low"


def test_a_dialect_names_columns_and_statuses() -> None:
    text = "## S (S)\n\n| Nr | Stand | Was |\n|-|-|-|\n| a | fertig | One |\n"
    dialect = Dialect(
        columns={"nr": "id", "Stand": "status", "was": "description"}, statuses={"Fertig": "done"}
    )
    task = parse(text, dialect=dialect).task("a")
    assert (task.status, task.description) == ("done", "One")


def test_two_columns_for_one_thing_are_not_trusted() -> None:
    text = (
        "## S (S)\n\n| id | status | description | deps | blocked_by |\n|-|-|-|-|-|\n"
        "| a | not-started | One | — | b |\n| b | not-started | Two | — | — |\n"
    )
    plan = parse(text)
    assert [f.rule for f in plan.findings] == ["duplicate-column"]
    assert all(task.unreadable for task in plan.tasks)


def test_a_declared_column_that_the_table_lacks_is_not_guessed() -> None:
    text = (
        TOP + "| id | status | description | depend_on |\n|-|-|-|-|\n| a | not-started | x | b |\n"
    )
    plan = parse(text)
    assert [(f.rule, f.severity) for f in plan.findings] == [("missing-column", Severity.ERROR)]
    assert plan.task("a").unreadable


def test_a_table_may_lack_notes() -> None:
    header = HEADER.replace(" notes |", "")
    text = TOP + f"{header}\n{RULE[:-6]}\n{row('a').removesuffix('  |')}\n"
    plan = parse(text)
    assert [(f.rule, f.severity) for f in plan.findings] == [("missing-column", Severity.WARNING)]
    assert plan.task("a").unreadable == ()


def test_ragged_rows() -> None:
    text = plan_text(
        [
            "| A | not-started | Only three |",
            "| B | not-started | Eight | #1 | sonnet | feat/b | — | 4K |",
            "| C | not-started | a | b | #1 | sonnet | — | feat/c | 4K | n |",
        ]
    )
    plan = parse(text)
    found = [(f.rule, f.severity, f.task) for f in plan.findings]
    assert found == [
        ("short-row", Severity.ERROR, "A"),
        ("short-row", Severity.WARNING, "B"),
        ("long-row", Severity.ERROR, "C"),
        ("unreadable-estimate", Severity.WARNING, "C"),
    ]
    assert [bool(task.unreadable) for task in plan.tasks] == [True, False, True]
    assert plan.task("B").notes == ""


def test_a_repeated_id_is_never_trusted() -> None:
    plan = parse(plan_text([row("A"), row("A", "done")]))
    assert [bool(task.unreadable) for task in plan.tasks] == [True, True]


@pytest.mark.parametrize("task", ["../x", "a b", "-x", "x\\y", "a/b", "$(id)", "é'", "x" * 101])
def test_an_id_is_one_plain_word(task: str) -> None:
    plan = parse(plan_text([row(task, branch="feat/x")]))
    assert [f.rule for f in plan.findings] == ["invalid-id"]
    assert plan.tasks[0].unreadable


def test_milestones_and_placeholders() -> None:
    text = plan_text(
        [row("A")],
        after="\n**M1 total estimate:** ~4K tokens (about)\n\n---\n\n"
        "## Milestone 2 — Later (M2)\n\n_Deferred. Issue #462._\n\n---\n\n## Notes\n\nText.\n",
    )
    plan = parse(text)
    first, second = plan.milestones
    assert (first.id, first.title, first.issue, first.placeholder) == (
        "M1",
        "Ground work",
        "#7",
        False,
    )
    assert (first.goal, first.total_tokens, first.total_line) == ("everything stands.", 4000, 16)
    assert (second.id, second.title, second.issue, second.placeholder) == (
        "M2",
        "Later",
        "#462",
        True,
    )
    assert plan.around(second)[1] == "\n_Deferred. Issue #462._\n\n"


@pytest.mark.parametrize(
    ("heading", "task", "expected"),
    [
        ("## Milestone 3 — Name (X-3)", "T-1", "X-3"),
        ("## Milestone 3: Name", "T-1", "T"),
        ("## Milestone 3: Name", "alone", "M3"),
        ("## Something Else", "alone", "something-else"),
        ("", "alone", "tasks"),
    ],
)
def test_a_milestone_always_has_an_id(heading: str, task: str, expected: str) -> None:
    text = f"{heading}\n\n| id | status | description |\n|-|-|-|\n| {task} | done | x |\n"
    assert [m.id for m in parse(text).milestones] == [expected]


@pytest.mark.parametrize("heading", ["Milestone overview", "Milestones", "Milestone is done"])
def test_a_section_about_milestones_is_none(heading: str) -> None:
    plan = parse(plan_text([row("A")], after=f"\n## {heading}\n\nText.\n"))
    assert [m.id for m in plan.milestones] == ["M1"]


@pytest.mark.parametrize("number", ["1", "12", "2b", "IV", "A"])
def test_milestones_are_numbered_in_many_ways(number: str) -> None:
    plan = parse(f"## Milestone {number}: Later\n\nText.\n")
    assert [(m.id, m.title) for m in plan.milestones] == [(f"M{number}", "Later")]


def test_two_milestones_with_one_id_are_found() -> None:
    text = "## Milestone 1 — a (M)\n\n## Milestone 2 — b (M)\n"
    plan = parse(text)
    assert [m.id for m in plan.milestones] == ["M", "M-2"]
    assert [f.rule for f in plan.findings] == ["duplicate-milestone"]


def test_a_misspelt_table_is_not_silently_a_placeholder() -> None:
    plan = parse(
        "## Milestone 1 — a (M)\n\n| id | stauts | description |\n|-|-|-|\n| A | done | x |\n"
    )
    assert [f.rule for f in plan.findings] == ["table-without-tasks"]


def test_a_table_in_a_fence_is_no_table() -> None:
    text = plan_text([row("A")], after="\n```\n" + "\n".join([HEADER, RULE, row("B")]) + "\n```\n")
    assert [task.id for task in parse(text).tasks] == ["A"]


def test_a_file_without_tasks_is_an_error() -> None:
    assert [f.rule for f in parse("# Hello\n").findings] == ["no-tasks"]
    assert [f.rule for f in parse("").findings] == ["no-tasks"]


def test_bytes_that_are_not_utf8_are_kept_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "TASKS.md"
    path.write_bytes(plan_text([row("A", notes="caf@")]).encode().replace(b"@", b"\xe9"))
    plan = read(path)
    assert [f.rule for f in plan.findings] == ["encoding"]
    assert plan.text.encode("utf-8", "surrogateescape") == path.read_bytes()


def test_a_file_that_is_missing_is_an_error_for_people(tmp_path: Path) -> None:
    with pytest.raises(TaskFileError, match="cannot be read: No such file"):
        read(tmp_path / "TASKS.md")


def test_an_unknown_id_names_close_ones() -> None:
    with pytest.raises(TaskFileError) as caught:
        parse(plan_text([row("FED-01")])).task("FED-1")
    assert "FED-01" in caught.value.hint


@pytest.mark.parametrize("path", FEDERATION, ids=lambda path: path.parents[2].name)
def test_the_federation_mission(path: Path) -> None:
    plan = read(path)
    first = plan.milestones[0]
    assert plan.findings == ()
    assert [m.id for m in plan.milestones] == [f"FED-M{n}" for n in range(1, 8)]
    assert [m.issue for m in plan.milestones] == [f"#{n}" for n in range(460, 467)]
    assert [m.placeholder for m in plan.milestones] == [False] + [True] * 6
    assert sum(task.estimate_tokens or 0 for task in plan.tasks) == first.total_tokens == 74000
    assert plan.task("FED-M1-12").branch_kind is BranchKind.AGGREGATE
