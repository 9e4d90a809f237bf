"""docs/task-file.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from tasks_md.columns import column_names
from tasks_md.lint import lint
from tasks_md.model import COLUMNS, STATUSES
from tasks_md.parse import parse
from tasks_md.rules import RULES

TEXT = (Path(__file__).parents[3] / "docs" / "task-file.md").read_text(encoding="utf-8")


def test_every_rule_is_explained() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| [a-z, ]+ \| (.+) \|$", TEXT, re.MULTILINE)
    assert dict(rows) == RULES
    assert [rule for rule, _ in rows] == sorted(RULES)


def test_every_column_and_its_other_names_are_listed() -> None:
    for name in COLUMNS:
        found = re.search(rf"^\| `{name}` \| (.*?) \|", TEXT, re.MULTILINE)
        assert found, name
        for alias in re.findall(r"`(\w+)`", found.group(1)):
            headers = ["id", alias] if alias == "task" and name == "description" else [alias]
            assert column_names(headers, {})[-1] == name


def test_the_example_is_a_good_file() -> None:
    example = TEXT.split("```markdown\n")[1].split("```")[0]
    plan = parse(example)
    assert [finding.rule for finding in lint(plan)] == ["placeholder"]
    assert plan.task("PAY-3").depends_on == ("PAY-1", "PAY-2")
    assert plan.statuses == STATUSES
