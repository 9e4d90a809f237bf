"""A slip of the pen in mission.yaml is found, wherever it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from errors import FindingsError
from errors.finding import Finding, Severity
from mission.config.document import examine_document
from mission.lint import RULES
from orchestrator.soundness.soundness import dialect_of, refuse_misunderstood, written_findings
from tasks_md.parse import parse
from tests.unit.orchestrator.settings import NAMES, PLAN, SETTINGS

ROOT = Path(__file__).parents[3]


def found(settings: str, plan: str = PLAN) -> tuple[Finding, ...]:
    document = examine_document(settings.encode(), "mission.yaml")
    return written_findings(document, parse(plan, dialect=dialect_of(document)))


def test_there_is_nothing_to_find_in_settings_that_are_right() -> None:
    assert found(SETTINGS) == ()


# The machine's part of the look, which is not this one, knows these.
_ELSEWHERE = {"main", "origin", "python3", "tools/queue.sh", "tools/check.sh"}
_NAMES = [place for place in NAMES if SETTINGS[slice(*place)] not in _ELSEWHERE]


@given(st.sampled_from(_NAMES), st.integers(0, 20), st.integers(0, 3))
def test_no_misspelled_key_or_name_goes_unseen(place: tuple[int, int], at: int, kind: int) -> None:
    start, end = place
    word = SETTINGS[start:end]
    at %= len(word)
    slips = (
        word[:at] + word[at + 1 :],  # a letter too few
        word[:at] + word[at] + word[at:],  # one too many
        word[:at] + word[at : at + 2][::-1] + word[at + 2 :],  # two the wrong way round
        word.capitalize() if word.islower() else word.lower(),
    )
    # In headers and in words of the status column upper and lower case are one.
    one = str.casefold if word in {"first", "todo"} else str
    assume(one(slips[kind]) != one(word))
    assert found(SETTINGS[:start] + slips[kind] + SETTINGS[end:])


# what stands in SETTINGS, what stands there instead, the rule, the place, what the hint holds
SLIPS = [
    ("- match: {risk: high}\n", "- match: {rsk: high}\n", "unknown-column", "rsk", "risk?"),
    ("{branch: feat}", "{brnch: feat}", "unknown-column", "brnch", "branch?"),
    ("milestone: ^M1$", "mile: ^M1$", "unknown-column", "mile", "milestone"),
    ("{branch: feat}", "{first: A}", "unknown-column", "first: A", "depends_on?"),
    ("{branch: feat}", '{branch: "feat("}', "bad-pattern", 'branch: "feat("', "backslash"),
    ("{branch: feat}", "{branch: faet/1}", "never-matches", "match: {branch", "feat/1?"),
    ("^M1$", "^M11$", "never-matches", "match: {mile", "M1?"),
    ("fallback: second", "fallback: secnd", "unknown-agent", "fallback", "second?"),
    ("agent: second", "agent: Second", "unknown-agent", "agent: Second", "second?"),
    ("by: [opus, sonnet]", "by: [opus, sonet]", "unknown-agent", "sonet", "sonnet?"),
    ("agent: robot", "agent: robto", "unknown-agent", "agent: robto", "robot?"),
    ("A-2: {agent", "A-22: {agent", "unknown-task", "A-22", "A-2?"),
    ("migrate-tier", "migrate-teir", "unknown-operation", "run: migrate", "migrate-tier?"),
    ("from: local", "form: local", "unknown-argument", "form", "from?"),
    ("type: script", "type: scrip", "unknown-type", "type: scrip,", "script?"),
    ("type: codex", "type: codx", "unknown-type", "type: codx", "codex?"),
    ('"{purpose}"', '"{porpose}"', "unknown-placeholder", '"{porpose}"', "purpose?"),
    ('"--on={branch}"', '"--on={{branch}}"', "unknown-placeholder", '"--on={{', "branch?"),
    ('"{brief}"', '"{branch}"', "unknown-placeholder", '"{branch}", "{work', "{brief}"),
    ("[tools/check.sh]", '[make, "{branch}"]', "unknown-placeholder", '"{branch}"], on', "none"),
    ("required: [ci]", "exit_codes: {}", "misplaced-key", "exit_codes: {}, no", "script"),
    ("max_turns: 5", "run: [x]", "misplaced-key", "run: [x]", "command"),
    ("where: worker, ", "", "misplaced-key", "pool", "where: worker"),
    ("type: bubblewrap, ", "", "misplaced-key", "network", "type: bubblewrap"),
    ("run: migrate-tier, ", "", "misplaced-key", "with: {from", "Name the operation"),
    ("{3: busy}", "{300: busy}", "bad-value", "300", "0 is clear"),
    ("{first: depends_on}", "{frist: depends_on}", "unknown-column", "frist", "first?"),
    ("{todo: not", "{tood: not", "unused-name", "tood", "todo?"),
    ("{robot: {inp", "{rowboat: {inp", "unused-name", "rowboat", "robot?"),
    ("effort: max", "effort: hard", "bad-value", "effort: hard\n", "xhigh"),
    ("effort: medium", "effort: hard", "bad-value", "effort: hard,", "xhigh"),
    ("effort: hard}", "options: [x]}", "unknown-key", "options: [x]}", "effort"),
    ("--no-chrome", "--settings=x", "bad-value", "--settings", "--betas=…"),
    ("--no-chrome", "--no-chrome=x", "bad-value", "--no-chrome=x", "--betas=…"),
    ("~/.two", ".two", "bad-value", "profile", "begins with ~/"),
    ("[python3], tools", "[./x], tools", "bad-value", "notes", ""),
    ("{run: [python3], tools", "{url: http://a, run: [b], tools", "bad-value", "notes", ""),
    ("[python3], tools", '[x, "{brief}"], tools', "unknown-placeholder", '"{brief}"], t', "{work"),
    ("qa:\n", "Qa:\n", "unknown-key", "Qa", "qa?"),
    ("qa:\n", "qa: []\nqa:\n", "unreadable-settings", "qa:\n  -", ""),
    ("- match: {risk: high}\n", "- match:\n", "bad-value", "match:\nforge", "a mapping"),
    ("{name: links", "{name: a, run: [x]}\n  - {name: a", "duplicate-name", "name: a, run: [t", ""),
]  # fmt: skip

EIGHT = {"rsk", "brnch", "fallback", "sonet", "form", '"{porpose}"', "rowboat", "type: codx"}


@pytest.mark.parametrize(("right", "wrong", "rule", "place", "hint"), SLIPS)
def test_each_slip_is_told_where_it_is(
    right: str, wrong: str, rule: str, place: str, hint: str
) -> None:
    assert right in SETTINGS
    settings = SETTINGS.replace(right, wrong, 1)
    at = settings.index(place)
    line, column = settings.count("\n", 0, at) + 1, at - (settings.rfind("\n", 0, at) + 1) + 1
    told = {(one.rule, one.line, one.column): one for one in found(settings)}
    assert (rule, line, column) in told, [str(one) for one in told.values()]
    one = told[rule, line, column]
    assert hint in one.hint
    assert rule in RULES
    assert str(one.severity) in RULES[rule][0]


def test_a_title_is_not_for_the_runner_to_write_into() -> None:
    header = "| ID | Title | Description | Status |\n|-|-|-|-|\n"
    plan = f"{header}| A-1 | Log in | The page | not-started |\n"
    (one,) = found("columns: {Title: notes}\n", plan)
    assert (one.rule, one.severity, one.line, one.column) == (
        "overwritten-title",
        Severity.WARNING,
        1,
        11,
    )
    assert str(one.severity) in RULES[one.rule][0]
    assert found("columns: {Title: description}\n", plan) == ()


def test_eight_slips_take_one_round() -> None:
    settings = SETTINGS
    eight = [slip for slip in SLIPS if slip[3] in EIGHT]
    for right, wrong, *_ in eight:
        assert right in settings
        settings = settings.replace(right, wrong, 1)
    plan = PLAN.replace("| A-1 | 2K", "| A-9 | 2K")
    told = [one.rule for one in found(settings, plan)]
    assert sorted(told) == sorted([*(slip[2] for slip in eight), "missing-dependency"])
    assert len(eight) == 8


def test_what_is_no_form_hides_no_name() -> None:
    settings = SETTINGS.replace("max_parallel: 3", "max_parallel: many").replace(
        "risk: h", "rsk: h"
    )
    assert {one.rule for one in found(settings)} >= {"bad-value", "unknown-column"}


def test_a_column_of_the_team_s_own_is_in_every_table_with_open_rows() -> None:
    second = PLAN[PLAN.index("## Mile") :].replace("(M1)", "(M2)").replace("| risk |", "| rsk |")
    for number in "123":
        second = second.replace(f"A-{number}", f"B-{number}").replace(f"feat/{number}", "—")
    told = [one for one in found(SETTINGS, PLAN + "\n" + second) if one.rule == "unknown-column"]
    severities = {one.message.split(".")[0]: one.severity for one in told}
    assert severities == {"qa[0]": Severity.ERROR, "routing[0]": Severity.WARNING}


def test_rows_to_come_may_be_meant() -> None:
    plan = PLAN + "\n## Milestone 2 — Second (M2)\n\nLater.\n"
    ahead = SETTINGS.replace("^M1$, risk: high", "^M2$")
    assert [one.rule for one in found(ahead, plan)] == ["placeholder"]
    by_id = SETTINGS.replace("milestone: ^M1$, risk: high", "id: M2-03")
    assert [one.rule for one in found(by_id, plan)] == ["placeholder"]
    unforeseen = SETTINGS.replace("{branch: feat}", "{branch: fix/}")
    told = [one for one in found(unforeseen, plan) if one.rule == "never-matches"]
    assert [one.severity for one in told] == [Severity.INFO]


def test_an_agent_of_a_row_that_does_not_exist() -> None:
    plan = PLAN.replace("`robot` |", "`robot` | `robto` |").replace("| robot |", "| robto |")
    (one,) = found(SETTINGS, plan)
    assert (one.rule, one.task, one.severity) == ("unknown-agent", "A-1", Severity.ERROR)
    assert one.hint.startswith("Did you mean robot?")
    assert found(SETTINGS, plan.replace("| todo |", "| done |")) == ()  # who did it, is history


def test_what_a_person_changes_is_held_against_the_rules() -> None:
    document = examine_document(SETTINGS.encode(), "mission.yaml")
    dialect = dialect_of(document)
    refuse_misunderstood(document, parse(PLAN, dialect=dialect))
    with pytest.raises(
        FindingsError, match=r"routing\[0\].match.risk: the plan has no such column"
    ):
        refuse_misunderstood(document, parse(PLAN.replace("| risk |", "| rsk |"), dialect=dialect))


def test_a_row_that_gets_another_agent_is_held_against_what_is_asked_of_it() -> None:
    settings = SETTINGS.replace("{agent: robot, max_attempts: 2, ", "{")
    document = examine_document(settings.encode(), "mission.yaml")
    dialect = dialect_of(document)
    row = "| A-2 | not-started | Two | — | robot |"
    plan = PLAN.replace("| A-2 | not-started | Two | — | — |", row)
    refuse_misunderstood(document, parse(plan, dialect=dialect))
    with pytest.raises(FindingsError, match=r"tasks.A-2.effort"):
        refuse_misunderstood(
            document, parse(plan.replace(row, row.replace("robot", "second")), dialect=dialect)
        )


def test_braces_of_other_languages_are_left_alone() -> None:
    for text in (
        "echo ${HOME} {1..3} @{u}",
        "%{http_code}",
        "{{.Names}}",
        "{ print }",
        "{}",
        "{a,b}",
    ):
        settings = SETTINGS.replace("[tools/check.sh]", f"[sh, -c, '{text}']")
        assert found(settings) == ()


@pytest.mark.parametrize("name", ["federation-v1"])
def test_the_shipped_missions_are_sound(name: str) -> None:
    folder = ROOT / "missions" / name
    plan = (folder / "TASKS.md").read_text(encoding="utf-8")
    settings = (folder / "mission.yaml").read_text(encoding="utf-8")
    assert {one.severity for one in found(settings, plan)} <= {Severity.INFO}
