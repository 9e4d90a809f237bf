"""Every lint rule, once where it must speak and once where it must not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks_md.branches import lint_beside_base, lint_beside_others, lint_folded
from tasks_md.lint import Finding, Severity, lint
from tasks_md.model import Dialect
from tasks_md.parse import parse
from tasks_md.rules import RULES
from tasks_md.words import branch_problem
from tests.unit.tasks_md.plans import HEADER, RULE, TOP, plan_text, row

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


def found(text: str, dialect: Dialect | None = None) -> list[tuple[str, Severity, str | None]]:
    return [(f.rule, f.severity, f.task) for f in lint(parse(text, dialect=dialect or Dialect()))]


def only(text: str) -> Finding:
    (finding,) = lint(parse(text))
    return finding


@pytest.mark.parametrize("header", ["dep", "dependant on", "Blocked-b", "dependancies"])
def test_a_column_that_is_nearly_depends_on_makes_no_row_ready(header: str) -> None:
    text = f"| id | status | description | {header} |\n|-|-|-|-|\n| A | not-started | x | B |\n"
    plan = parse(text + "| B | not-started | x | |\n")
    (finding,) = lint(plan)
    assert (finding.rule, finding.severity) == ("missing-column", ERROR)
    assert header in finding.message
    assert all(task.unreadable for task in plan.tasks)


@pytest.mark.parametrize("header", ["risk", "de", "department", "depends on", "nachher"])
def test_other_columns_are_a_team_s_own_affair(header: str) -> None:
    text = f"| id | status | description | {header} |\n|-|-|-|-|\n| A | not-started | x | |\n"
    assert found(text) == []


def test_a_good_file_has_no_findings() -> None:
    rows = [row("A", "done"), row("B", depends_on="A", agent="—"), row("C", branch="(aggregate)")]
    assert found(plan_text(rows, after="\n**M1 total estimate:** ~12K tokens\n")) == []


CASES = {
    "unknown-status": (plan_text([row("A", "shipped")]), ERROR, "A"),
    "unknown-agent": (plan_text([row("A", agent="sonet")]), ERROR, "A"),
    "duplicate-id": (plan_text([row("A", "done"), row("A", "done")]), ERROR, "A"),
    "missing-dependency": (plan_text([row("A", depends_on="B")]), ERROR, "A"),
    "unreadable-dependency": (plan_text([row("A", depends_on="see B")]), ERROR, "A"),
    "self-dependency": (plan_text([row("A", depends_on="A")]), ERROR, "A"),
    "cycle": (plan_text([row("A", depends_on="B"), row("B", depends_on="A")]), ERROR, "A"),
    "done-before-dependency": (
        plan_text([row("A"), row("B", "done", depends_on="A")]),
        WARNING,
        "B",
    ),
    "branch-in-use": (plan_text([row("A", branch="x"), row("B", branch="x")]), ERROR, "B"),
    "borrowed-status": (plan_text([row("A", "todo")]), INFO, "A"),
    "invalid-branch": (plan_text([row("A", branch="--force")]), ERROR, "A"),
    "unreadable-estimate": (plan_text([row("A", estimate="much")]), WARNING, "A"),
    "long-row": (plan_text([row("A", description="a | b", estimate="feat/a")]), ERROR, "A"),
    "short-row": (
        plan_text(["| A | done | x | #1 | sonnet | feat/a | — | 4K |"]),
        WARNING,
        "A",
    ),
    "invalid-id": (plan_text([row("../../etc", branch="x")]), ERROR, "../../etc"),
    "total-differs": (
        plan_text([row("A")], after="\n**M1 total estimate:** ~5K tokens\n"),
        WARNING,
        None,
    ),
    "header-differs": (
        TOP + f"{HEADER} risk |\n{RULE} --- |\n{row('A')} high |\n",
        WARNING,
        None,
    ),
    "missing-column": (
        TOP + "| id | status | description |\n|-|-|-|\n| A | done | x |\n",
        ERROR,
        None,
    ),
    "placeholder": (
        plan_text([row("A")], after="\n## Milestone 2 — Later (M2)\n\nIssue #9.\n"),
        INFO,
        None,
    ),
    "stray-row": (plan_text([row("A"), "", row("B")]), ERROR, None),
    "no-tasks": ("Nothing here.\n", ERROR, None),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_speaks(rule: str) -> None:
    text, severity, task = CASES[rule]
    assert (rule, severity, task) in found(text)
    assert rule in RULES


def test_every_finding_has_a_message_a_hint_and_a_place() -> None:
    for text, _, _ in CASES.values():
        for finding in lint(parse(text, path="plans/TASKS.md")):
            assert finding.message
            assert finding.hint
            assert finding.line >= 1
            assert finding.column >= 1
            assert str(finding).startswith(f"plans/TASKS.md:{finding.line}:{finding.column}: ")


def test_findings_come_in_file_order() -> None:
    rows = [row("A", "shipped", agent="nobody"), row("B", depends_on="Z")]
    findings = lint(parse(plan_text(rows)))
    assert [f.rule for f in findings] == ["unknown-status", "unknown-agent", "missing-dependency"]
    assert [(f.line, f.column) for f in findings] == sorted((f.line, f.column) for f in findings)


def test_a_finding_points_at_the_cell() -> None:
    text = plan_text([row("A", agent="nobody")])
    finding = only(text)
    line = text.split("\n")[finding.line - 1]
    assert line[finding.column - 1 :].startswith("nobody |")


def test_a_status_that_the_file_does_not_declare_but_everybody_knows() -> None:
    top = TOP.replace(" | `needs-qa`", "")
    assert found(plan_text([row("A", "needs-qa")], top=top)) == [("unknown-status", WARNING, "A")]


def test_a_status_that_the_file_declares_but_nobody_knows() -> None:
    top = TOP.replace("`needs-qa`", "`wontfix`")
    text = plan_text([row("A", "wontfix")], top=top)
    assert found(text) == [("unknown-status", ERROR, "A")]
    assert found(text, Dialect(statuses={"wontfix": "blocked"})) == []


def test_spelling_variants_are_the_declared_status() -> None:
    assert found(plan_text([row("A", "`Not Started`"), row("B", "DONE")])) == []


def test_an_empty_status_is_an_error() -> None:
    assert only(plan_text([row("A", "")])).message == "the row has no status"


def test_a_cycle_is_told_with_its_whole_path() -> None:
    rows = [row("A", depends_on="C"), row("B", depends_on="A"), row("C", depends_on="B")]
    assert only(plan_text(rows)).message == "each of these waits for the next: A → C → B → A"


def test_a_branch_of_a_finished_task_may_be_used_again() -> None:
    assert found(plan_text([row("A", "done", branch="x"), row("B", branch="x")])) == []


def test_a_branch_cannot_lie_below_another() -> None:
    assert found(plan_text([row("A", branch="x/y"), row("B", branch="x")])) == [
        ("branch-in-use", ERROR, "A")
    ]


@pytest.mark.parametrize(
    ("branch", "base", "hit"),
    [
        ("main/fix", "main", True),
        ("main/a/b", "main", True),
        ("release", "release/1.0", True),
        ("main", "main", True),
        ("mainly/fix", "main", False),
        ("fix/main", "main", False),
        ("Main/fix", "main", False),
    ],
)
def test_a_branch_cannot_lie_below_the_base_or_the_base_below_it(
    branch: str, base: str, hit: bool
) -> None:
    plan = parse(plan_text([row("A", branch=branch), row("B", "done", branch="main/old")]))
    found = list(lint_beside_base(plan, base))
    assert [(one.rule, one.severity, one.task) for one in found] == (
        [("invalid-branch", ERROR, "A")] if hit else []
    )
    for one in found:
        assert plan.lines[one.line - 1][one.column - 1 :].startswith(branch)
        assert one.hint


@pytest.mark.parametrize(
    ("branch", "hit"),
    [
        ("mission-runner/docs-TASKS-1/claim", True),
        ("Mission-Runner/x", True),
        ("mission-runner", True),
        ("mission-runner-2", False),
        ("feat/mission-runner/x", False),
    ],
)
def test_a_row_cannot_have_a_branch_by_which_runs_talk(branch: str, hit: bool) -> None:
    found = lint(parse(plan_text([row("A", branch=branch), row("B", "done", branch=branch)])))
    assert [(one.rule, one.severity, one.task) for one in found] == (
        [("invalid-branch", ERROR, "A")] if hit else []
    )


def test_other_branches_that_are_there_may_be_in_the_way() -> None:
    rows = [row("A", branch="dev/x"), row("B", branch="feat"), row("C", branch="feat2/c")]
    plan = parse(plan_text(rows))
    found = list(lint_beside_others(plan, "main", ["main", "dev", "feat/old", "feat2/c", "x"]))
    assert [(one.rule, one.severity, one.task) for one in found] == [
        ("invalid-branch", WARNING, "A"),
        ("invalid-branch", WARNING, "B"),
    ]


def test_branches_that_differ_in_case_only() -> None:
    rows = [row("A", branch="feat/a"), row("B", branch="Feat/A"), row("C", branch="MAIN/c")]
    rows += [row("D", branch="feat/A/b"), row("E", branch="feat/a/c"), row("F", branch="feat/b")]
    found = list(lint_folded(parse(plan_text(rows)), "main"))
    assert [(one.rule, one.severity, one.task) for one in found] == [
        ("branch-in-use", ERROR, "B"),
        ("branch-in-use", ERROR, "C"),
        ("branch-in-use", ERROR, "D"),
    ]  # E is below A whatever the case: the file alone tells


def test_a_line_right_below_a_table_is_a_row() -> None:
    text = plan_text([row("A")], after="**M1 total estimate:** ~4K tokens\n")
    assert found(text) == [("short-row", ERROR, None)]
    assert [task.id for task in parse(text).tasks] == ["A"]


def test_a_total_that_is_no_number() -> None:
    text = plan_text([row("A")], after="\n**Total estimate:** 1,2.3.4 tokens\n")
    assert found(text) == [("unreadable-total", WARNING, None)]


def _git_takes(name: str, folder: Path) -> bool:
    argv = ["git", "check-ref-format", "--branch", name]
    taken = subprocess.run(argv, cwd=folder, capture_output=True, check=False).returncode == 0
    return taken and name != "@"  # git knows it as another word for HEAD


_NAME = st.text(
    st.sampled_from("ab-/.@{}~^:?*[\\ \t\x7f\x01é字HEAD'\"$;()lock") | st.sampled_from(["😀"]),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(name=_NAME | st.sampled_from(["HEAD", "@", "a.lock", "a/.b", "-x", "a/-b", "a..b", "a@{b"]))
def test_branch_names_as_git_sees_them(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert (branch_problem(name) is None) == _git_takes(name, folder)
