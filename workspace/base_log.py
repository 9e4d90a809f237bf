"""What the base's commits say: which rows they merged, and which commits they took back.

Messages are read whole, not by their last paragraph alone: a forge may put lines of its own behind
the trailers of a squash commit, and a person who merges in its pages may put some before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from policy.merged import Merge, Recorded
from workspace.git import Git
from workspace.squash import ATTEMPT, MISSION, TASK

# What git looks for by itself, so that of a long history only these commits are handed over.
_PATTERNS = (f"^{TASK}: ", "^This reverts commit [0-9a-f]", '^(Revert|Reapply) "')
_LOOKED_FOR = [re.compile(pattern, re.MULTILINE) for pattern in _PATTERNS]
_TRAILER = re.compile(rf"(?P<key>{TASK}|{ATTEMPT}|{MISSION}): *+(?P<value>.*)")
# "…, reversing changes made to ID" is what git adds where a merge is reverted.
_REVERTS = re.compile(
    r"^This reverts commit (?P<commit>[0-9a-f]{7,64})\b"
    r"(?:, reversing\s+changes made to (?P<since>[0-9a-f]{7,64})\b)?",
    re.MULTILINE,
)
_QUOTES = re.compile(r'(?P<word>Revert|Reapply) "(?P<subject>.*)"')
_LAST = datetime(9000, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r" \([#!]\d+\)$")  # a pull request's, which forges add to a first line


def read(git: Git, *reach: str) -> list[Recorded]:
    """The commits in a range of commits that matter here, parents before children. One process,
    and one more for each revert of a merge commit.

    Args:
        reach: As gitrevisions(7) has it: `tip`, `^left-out`, `left-out..tip`.
    """
    searched = (f"--grep={pattern}" for pattern in _PATTERNS)
    log = iter(
        git.run(
            "log", "--topo-order", "--reverse", "--encoding=UTF-8", "--extended-regexp", *searched,
            "--format=%H%x00%at%x00%B%x00", "--end-of-options", *reach, "--",
        ).fields
    )  # fmt: skip
    return [
        _recorded(git, commit.strip(), _moment(seconds), message)
        for commit, seconds, message in zip(log, log, log, strict=True)
    ]


def read_after(git: Git, since: str, until: str) -> list[Recorded]:
    """As `read` of `since..until`; without a process where these are a few commits in one line."""
    line = git.line_between(since, until)
    if line is None or git.store is None:
        return read(git, f"{since}..{until}")
    found = []
    for commit in reversed(line):
        said = git.store.message(commit)
        if said is None:
            return read(git, f"{since}..{until}")
        if any(pattern.search(said.text) for pattern in _LOOKED_FOR):
            at = _moment(str(said.seconds))
            found.append(_recorded(git, commit, at, said.text))
    return found


def _moment(seconds: str) -> datetime:
    """When a commit was written, by its author; the last moment, where they say none."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return _LAST


def _recorded(git: Git, commit: str, at: datetime, message: str) -> Recorded:
    lines = message.replace("\r\n", "\n").strip("\n")
    subject = _NUMBER.sub("", lines.partition("\n")[0])
    undoes = tuple(_undone(git, lines))
    quoted = None if undoes else _QUOTES.fullmatch(subject)
    return Recorded(
        commit=commit,
        subject=subject,
        merges=tuple(_merges(commit, at, lines)),
        undoes=undoes,
        undoes_subject=_named(quoted["word"], quoted["subject"]) if quoted else "",
    )


def _merges(commit: str, at: datetime, message: str) -> Iterator[Merge]:
    for paragraph in re.split(r"\n\s*\n", message):
        found = (_TRAILER.fullmatch(line) for line in paragraph.split("\n"))
        facts = {one["key"]: one["value"].rstrip() for one in found if one is not None}
        if facts.get(TASK) and facts.get(ATTEMPT):
            yield Merge(
                commit=commit,
                task=facts[TASK],
                attempt=facts[ATTEMPT],
                mission=facts.get(MISSION, ""),
                at=at,
            )


def _undone(git: Git, message: str) -> Iterator[str]:
    for found in _REVERTS.finditer(message):
        yield found["commit"]
        if found["since"] is not None:
            reach = f"{found['since']}..{found['commit']}"
            yield from git.run("rev-list", "--end-of-options", reach, check=False).text.split()


def _named(word: str, subject: str) -> str:
    """The first line of the commit that one with this first line takes back."""
    plain = _NUMBER.sub("", subject)
    return plain if word == "Revert" else f'Revert "{plain}"'
