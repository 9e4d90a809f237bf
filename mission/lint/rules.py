"""The id of every rule that a finding in `mission.yaml` can have, its severity, what it means."""

from __future__ import annotations

RULES: dict[str, tuple[str, str]] = {
    "absent-agent": (
        "warning",
        "an agent that open rows go to is not installed on this machine, or has no key",
    ),
    "bad-pattern": ("error", "a pattern in a `match` is no regular expression"),
    "bad-value": ("error", "a value is none that its key accepts"),
    "claim-in-branches": (
        "information",
        "the remote refuses hidden refs: who carries the mission out is said in a branch",
    ),
    "duplicate-name": ("error", "two verification steps of a list have one name"),
    "missing-key": ("error", "a key that is needed there is missing"),
    "missing-file": (
        "warning",
        "a file that worktrees are to get is not in the checkout",
    ),
    "missing-program": ("error", "a program is neither installed nor a file that can be run"),
    "misplaced-key": ("error", "a key is for another type, and would count for nothing"),
    "never-matches": (
        "warning, or information",
        "a `match` is for no row of the plan; information where rows still to come may be meant",
    ),
    "overwritten-title": (
        "warning",
        "`columns` would have the runner write into the text of a row; it counts as unsaid",
    ),
    "planted-secret": (
        "error",
        "an address or a secret of a receiver would be read from the repository",
    ),
    "stray-settings": ("error", "a file that is meant as mission.yaml has another name"),
    "uncommitted-program": (
        "error, or warning",
        "no commit of the repository has the program; a warning where git ignores its path",
    ),
    "unknown-agent": (
        "error, or warning",
        "an agent that does not exist; a warning where the task file only declares it",
    ),
    "unknown-argument": ("error", "the operation has no such argument"),
    "unknown-base": ("error", "the branch to merge into does not exist"),
    "unknown-column": (
        "error, or warning",
        "a `match`, or `columns`, names a column that the plan has not",
    ),
    "unknown-key": ("error", "a key that means nothing there"),
    "unknown-operation": ("error", "there is no such built-in operation"),
    "unknown-placeholder": ("error", "braces around a word that stands for nothing there"),
    "unknown-remote": ("error", "the repository has no such remote"),
    "unknown-submodule": ("error", "`worktree.submodules` names a folder that is no submodule"),
    "unknown-task": ("error", "`tasks` names a row that the plan has not"),
    "unknown-type": ("error", "there is no such kind of agent, gate, forge or notifier"),
    "unloadable-plugin": ("error", "a plug-in that is named cannot be loaded"),
    "unreadable-plan": ("error", "the task file cannot be read"),
    "unreadable-settings": ("error", "the file is not YAML, or holds one of its traps"),
    "unused-name": ("warning", "nothing uses the agent, the status word or the price"),
}
