"""The id of every rule that a finding can have, and what it means."""

from __future__ import annotations

RULES: dict[str, str] = {
    "borrowed-status": "a status word of other tools, understood as one of the six",
    "branch-in-use": "two open tasks name one branch, or two that cannot be beside each other",
    "cycle": "tasks wait for each other in a circle",
    "done-before-dependency": "a task is done, though one that it depends on is not",
    "duplicate-column": "two columns of a table mean the same",
    "duplicate-id": "two rows have one id",
    "duplicate-milestone": "two milestones have one id",
    "encoding": "the file is not UTF-8 throughout",
    "header-differs": "a table's header is not the schema that the file declares",
    "invalid-branch": "git refuses the branch name, or to have it beside another branch",
    "invalid-id": "an id is missing, or is not one plain word",
    "long-row": "a row has more cells than its table has columns",
    "missing-column": "a table lacks a column that the file declares, or nearly has it",
    "missing-dependency": "a dependency names no task and no milestone",
    "no-tasks": "the file has neither a table of tasks nor a milestone",
    "placeholder": "a milestone is still to be expanded into tasks",
    "placeholder-dependency": "a task waits for a milestone that has no tasks yet",
    "self-dependency": "a task depends on itself",
    "short-row": "a row has fewer cells than its table has columns",
    "stray-row": "a line looks like a row, but belongs to no table",
    "table-without-tasks": "a milestone has a table, but none of tasks",
    "total-differs": "a milestone's total is not the sum of its rows",
    "unknown-agent": "the file does not declare this agent, or there is none of that name",
    "unknown-status": "the file does not declare this status, or nobody knows what it means",
    "unreadable-dependency": "a dependency cannot be read",
    "unreadable-estimate": "an estimate is no number of tokens",
    "unreadable-total": "a milestone's total is no number of tokens",
}
