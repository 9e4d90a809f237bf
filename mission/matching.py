"""What a `match` in `mission.yaml` means: which rows a rule is for."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from errors import ConfigError
from tasks_md.model import COLUMNS, Task
from tasks_md.words import bare

MILESTONE = "milestone"  # what a rule may look at beside a row's cells
AGENT = "agent"
ESCAPE_HINT = r"Write a literal dot, bracket or star with a backslash before it, as in `\.`"


def meets(
    task: Task,
    match: Mapping[str, str],
    *,
    milestone: str,
    rule: str,
    guards: bool,
    agents: Collection[str] = (),
) -> bool:
    """Whether `match` is for `task`: each of its patterns is found.

    A pattern is a regular expression, looked for anywhere in the cell, upper and lower case alike;
    code marks and emphasis around all of a cell do not count. The columns are those of the file, by
    their canonical names, and `milestone`. A usual column that the row's table lacks is empty.

    Args:
        milestone: The id that stands for the row's milestone.
        rule: What an error calls the rule.
        guards: Whether work merges unseen where the rule is not for a row. Such a rule is never
            taken for absent: a column of the team's own that the row has not is an error, and is
            empty for a rule that only chooses.
        agents: Who did the row's work. A pattern for `agent` that is found in one of these names
            is met too: the cell may say that the routing decides, or another may have stood in.

    Raises:
        ConfigError: A pattern is no regular expression, or a guard cannot know whether the row is
            meant.
    """
    # All of them are looked at: a rule is not right because its first pattern does not fit.
    for column in match if guards else ():
        if not _has(task, column):
            raise ConfigError(
                f"{rule}: {task.id} has no column {column}, so nobody knows whether it is meant",
                hint=f"Columns there: {', '.join((*task.cells, MILESTONE))}",
            )
    texts = {column: [_text(task, column)] for column in match}
    if MILESTONE in match:
        texts[MILESTONE] = [milestone]
    if AGENT in match:
        texts[AGENT] += agents
    found = [
        any(_found(pattern, text, column, rule) for text in texts[column])
        for column, pattern in match.items()
    ]
    return all(found)


def _has(task: Task, column: str) -> bool:
    return column == MILESTONE or column in COLUMNS or column in task.cells


def _text(task: Task, column: str) -> str:
    cell = task.cells.get(column)
    return bare(cell.text) if cell is not None else ""


def _found(pattern: str, text: str, column: str, rule: str) -> bool:
    try:
        return re.search(pattern, text, re.IGNORECASE) is not None
    except re.error as error:
        raise ConfigError(
            f"{rule}: `{pattern}` for {column} is no regular expression: {error}", hint=ESCAPE_HINT
        ) from error
