"""Who carries a row out, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from errors import ConfigError
from mission.config import MissionConfig, RoutingRule, TaskConfig, Tuning
from policy.routing import SHIPPED, Route, matches, route, tuning
from tasks_md.parse import read
from tests.unit.agents.plans import make_task

ROOT = Path(__file__).parents[3]


def _agent(description: str, branch: str = "feat/x") -> str | None:
    return route(make_task(description, branch=branch), MissionConfig()).agent


@pytest.mark.parametrize(
    ("description", "agent"),
    [
        ("Extend the schema: add a tier. Keep it working. Update docs and README.", "codex"),
        ("Implement `src/tier-detector.ts`: reads config. Unit tests for each failure.", "codex"),
        ("Integration test for the migration script: seed, run, compare.", "sonnet"),
        ("Code review pass: security-focused on the migration script", "sonnet"),
        ("Update `mosaic doctor`: report the tier", "sonnet"),
        ("Standalone regression: full E2E on the existing tier", "haiku"),
        ("Docs update: operator notes for tier setup", "haiku"),
        ("Document the endpoint in `docs/api.md`.", "haiku"),
        ("Documents: notes for operators", "haiku"),
        ("Write the documentation of the tier. Check its examples.", "haiku"),
        ("Update the README: a paragraph on tiers", "haiku"),
        ("Add a document store. Keep it small.", "codex"),
        ("Write documents to the store", "codex"),
    ],
)
def test_the_shipped_rules_follow_the_mission_file_s_rationale(
    description: str, agent: str
) -> None:
    assert _agent(description) == agent


def test_a_branch_name_can_tell_too() -> None:
    assert _agent("Operator notes", branch="feat/m1-docs") == "haiku"
    assert _agent("Operator notes", branch="docs/tiers") == "haiku"
    assert _agent("Seed and compare", branch="test/tiers") == "sonnet"
    assert _agent("Seed and compare", branch="feat/m1-migrate-test") == "sonnet"


def test_opus_is_used_by_name_only() -> None:
    assert "opus" not in {rule.agent for rule in SHIPPED}
    named = route(make_task(agent="opus"), MissionConfig())
    assert named == Route(agent="opus", operation=None, rule="the row names it")


def test_the_last_shipped_rule_takes_every_row() -> None:
    assert SHIPPED[-1] == RoutingRule(match={}, agent="codex")


def test_an_aggregate_row_closes_its_milestone_whatever_its_agent() -> None:
    for agent in ("—", "codex"):
        found = route(make_task(agent=agent, branch="(aggregate)"), MissionConfig())
        assert (found.agent, found.operation) == (None, "close-milestone")


def test_the_first_matching_rule_decides_and_is_named() -> None:
    config = MissionConfig(
        routing=[
            RoutingRule(match={"notes": "urgent"}, agent="opus"),
            RoutingRule(match={"description": r"\bSQL\b", "branch": "^feat/"}, agent="sonnet"),
            RoutingRule(match={}, agent="haiku"),
        ]
    )
    found = route(make_task("Tune the sql of reports"), config)
    assert found.agent == "sonnet"
    assert found.rule == r"routing rule 2 (description ~ \bSQL\b, branch ~ ^feat/)"
    assert route(make_task("Else"), config).rule == "routing rule 3 (any row)"
    assert route(make_task(notes="Urgent!"), config).agent == "opus"


def test_a_rule_can_look_at_the_milestone_and_at_columns_of_the_team_s_own() -> None:
    config = MissionConfig(routing=[RoutingRule(match={"milestone": "M1$"}, agent="glm-5.1")])
    assert route(make_task(), config).agent == "glm-5.1"
    absent = MissionConfig(routing=[RoutingRule(match={"team": "core"}, agent="opus")])
    assert route(make_task(), absent).agent == "codex"


def test_a_rule_that_keeps_work_from_merging_unseen_never_counts_as_absent() -> None:
    assert matches(make_task(), {"milestone": "M1$", "issue": "^$|."}, ())
    assert not matches(make_task(), {"milestone": "M2$"}, ())
    for match in ({"brnch": "feat"}, {"milestone": "M2$", "brnch": "feat"}):
        with pytest.raises(ConfigError, match="T-01 has no column brnch"):
            matches(make_task(), match, ())
    with pytest.raises(ConfigError, match="no regular expression"):
        matches(make_task(), {"milestone": "M2$", "branch": "("}, ())


def test_code_marks_around_a_cell_do_not_count() -> None:
    task = make_task("`Mend it`")
    assert matches(task, {"description": "^Mend it$"}, ())


def test_mission_yaml_decides_for_single_tasks() -> None:
    config = MissionConfig(
        tasks={"T-01": TaskConfig(run="compose-boot"), "T-02": TaskConfig(agent="opus")}
    )
    assert route(make_task(agent="codex"), config) == Route(
        agent=None, operation="compose-boot", rule="tasks.T-01.run"
    )
    found = route(make_task(agent="codex", task_id="T-02"), config)
    assert (found.agent, found.rule) == ("opus", "tasks.T-02.agent")


def test_a_row_and_a_rule_say_how_their_agent_works() -> None:
    rule = RoutingRule(agent="sonnet", model="opus", effort="high", options=["--no-chrome"])
    config = MissionConfig(routing=[rule], tasks={"T-01": TaskConfig(effort="max")})
    auto, named = make_task(agent="—"), make_task(agent="codex")
    found = route(auto, config)
    assert found.tuning.given == {"model": "opus", "effort": "max", "options": ["--no-chrome"]}
    assert found.rule.endswith("; model opus, effort max")
    assert route(named, config).tuning.given == {"effort": "max"}  # the rule is not for that row
    assert tuning(auto, config, "sonnet") == found.tuning
    assert tuning(auto, config, "haiku") == Tuning()  # who stands in, or reviews


def test_a_broken_pattern_says_which() -> None:
    config = MissionConfig(routing=[RoutingRule(match={"notes": "("}, agent="opus")])
    with pytest.raises(ConfigError, match=r"routing rule 1: `\(` for notes"):
        route(make_task(), config)


def test_the_shipped_mission_goes_where_its_file_says() -> None:
    plan = read(ROOT / "missions" / "federation-v1" / "TASKS.md")
    for task in plan.tasks:
        assert route(task, MissionConfig()).rule
    closing = [task.id for task in plan.tasks if route(task, MissionConfig()).operation]
    assert closing == ["FED-M1-12"]


def test_a_guard_on_the_agent_looks_at_who_did_the_work_too() -> None:
    routed = make_task(agent="—")
    assert not matches(routed, {"agent": "codex"}, ())
    assert matches(routed, {"agent": "codex"}, ("codex",))
    assert matches(make_task(agent="codex"), {"agent": "codex"}, ("sonnet",))
    assert matches(make_task(agent="sonnet"), {"agent": "codex"}, ("sonnet", "codex"))
    assert not matches(routed, {"agent": "codex", "milestone": "M2$"}, ("codex",))
