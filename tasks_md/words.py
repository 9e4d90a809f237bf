"""The small vocabularies of cells: nothing, issues, branches, token counts, spoken ids."""

from __future__ import annotations

import re

from tasks_md.model import AUTO, BranchKind

_NOTHING = frozenset({"", "—", "–", "-", "--", "none", "n/a", "[]"})
_TOKENS = re.compile(
    r"[~≈]?\s*+(\d[\d,_ ]*+(?:\.\d++)?)\s*+([km]?)\s*+(?:tok(?:en)?s?)?", re.IGNORECASE
)
_FACTORS = {"": 1, "k": 1_000, "m": 1_000_000}
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_IN_NO_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]")
_LONGEST_BRANCH = 200  # bytes; a branch is a file somewhere
_SPOKEN = re.compile(r"(?:tasks?(?:\s*:\s*|\s+|(?=#)))?#?\s*(.*?)\.?", re.IGNORECASE | re.DOTALL)
_ISSUE_URL = re.compile(r"https?://\S+/issues/(\d+)/?")


def is_nothing(text: str) -> bool:
    """True for the ways to write an empty cell."""
    return text.casefold() in _NOTHING


def bare(text: str) -> str:
    """`text` without the code marks or emphasis around all of it."""
    for _ in range(3):  # `**`x`**` is as deep as it gets
        if len(text) > 1 and text[0] == text[-1] and text[0] in "`*":
            text = text[1:-1].strip()
    return text


def unbracketed(text: str) -> str:
    """`[P1-T1]` without the brackets around all of it, and `[P1-T1](#there)` without its link."""
    link = _LINK.fullmatch(text)
    if link:
        return bare(link.group(1).strip())
    return bare(text[1:-1].strip()) if is_wrapped(text) else text


def is_wrapped(text: str) -> bool:
    """Whether one pair of brackets is around all of `text`: `[a, [b]]`, but not `[a], [b]`."""
    if not (text.startswith("[") and text.endswith("]")):
        return False
    depth = 0
    for at, character in enumerate(text, 1):
        depth += (character == "[") - (character == "]")
        if depth == 0:
            return at == len(text)
    return False


def spoken_id(text: str) -> str:
    """What is left of `Task 7`, `#7`, `7.` or `[7]` when all but the id is taken away."""
    found = _SPOKEN.fullmatch(unbracketed(text))
    return unbracketed(found.group(1)) if found else text


def shorten(text: str, limit: int = 60) -> str:
    """`text` as a message quotes it: a cell may hold a megabyte."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def read_tokens(text: str) -> int:
    """A token count: `4K`, `~74k tokens`, `1.5M`, `12,000`.

    Raises:
        ValueError: It is none.
    """
    found = _TOKENS.fullmatch(bare(text.strip())) if len(text) < 40 else None
    if found is None:
        raise ValueError(f"{shorten(text)!r} is no number of tokens (such as 4K, 1.5M or 12000)")
    number, unit = found.groups()
    return round(float(re.sub(r"[,_ ]", "", number)) * _FACTORS[unit.lower()])


def read_issue(text: str) -> str | None:
    """An issue cell as `#460`; other forms stay as they are; None for an empty one."""
    text = bare(text)
    if is_nothing(text):
        return None
    link = _LINK.fullmatch(text)
    if link:
        text = link.group(1)
    url = _ISSUE_URL.fullmatch(text)
    if url:
        return f"#{url.group(1)}"
    return f"#{text}" if text.isascii() and text.isdigit() else text


def read_agent(text: str) -> str:
    """An agent cell: a name, or `AUTO`."""
    name = bare(text)
    return AUTO if is_nothing(name) or name.casefold() in {"auto", "(auto)"} else name


def read_branch(text: str) -> tuple[str | None, BranchKind]:
    """A branch cell: the name where it has one, and what kind it is."""
    name = bare(text)
    if is_nothing(name):
        return None, BranchKind.NONE
    if name.casefold() in {"(aggregate)", "aggregate"}:
        return None, BranchKind.AGGREGATE
    return name, BranchKind.NAMED


def branch_problem(name: str) -> str | None:
    """Why git would refuse this branch name; None if it would not.

    Git's own rules, without git (`git check-ref-format --branch`).
    """
    found = _IN_NO_BRANCH.search(name)
    if found:
        return f"{found.group()!r} cannot be in it"
    problems = {
        "it is empty": not name,
        "it starts with -": name.startswith("-"),
        "'..' cannot be in it": ".." in name,
        "'@{' cannot be in it": "@{" in name,
        "it cannot be @ or HEAD": name in {"@", "HEAD"},
        "it ends with a dot": name.endswith("."),
        "a part of it is empty": any(not part for part in name.split("/")),
        "a part of it starts with a dot": any(part.startswith(".") for part in name.split("/")),
        "a part of it ends with .lock": any(part.endswith(".lock") for part in name.split("/")),
        "it is too long": len(name.encode("utf-8", "surrogateescape")) > _LONGEST_BRANCH,
    }
    return next((problem for problem, applies in problems.items() if applies), None)
