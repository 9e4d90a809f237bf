"""Which part of a file belongs to which milestone, and what its prose says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tasks_md.blocks import Block, Heading, Paragraph, RawTable, Rule
from tasks_md.words import read_tokens

_TITLE = re.compile(
    r"milestone\s+(?P<number>\d+[a-z]?|[ivx]+|[a-z])\b\s*(?:[—–:.-]+\s*)?(?P<rest>.*)",
    re.IGNORECASE,
)
_ID = re.compile(r"[A-Za-z0-9][\w.-]*")
_GOAL = re.compile(r"[*_]*goal[*_]*\s*:[*_]*\s*(.*)", re.IGNORECASE | re.DOTALL)
_ISSUE = re.compile(r"\bissue\s+((?:[\w.-]+/[\w.-]+)?#\d+)", re.IGNORECASE)
_TOTAL = re.compile(r"\btotal\s+estimate\b[^0-9\n]{0,40}(\d[\d.,]*\s*[km]?)\b", re.IGNORECASE)
# What is all number, as 12, begins with nothing that ids could share.
_NUMBERED_ID = re.compile(r"(?!#?\d+[a-z]?$)(.+?)[-_.]?\d{1,15}[a-z]?")


@dataclass(kw_only=True, slots=True)
class Section:
    """A heading and what stands below it, up to the next section."""

    heading: Heading | None  # None: before any heading
    paragraphs: list[Paragraph] = field(default_factory=list)
    tables: list[RawTable] = field(default_factory=list)
    end_line: int = 0  # the line, from 1, that follows the section's text

    @property
    def number(self) -> str:
        """What follows the word "Milestone" in the heading; empty where it is no such heading."""
        found = _TITLE.match(self.heading.text) if self.heading else None
        return found["number"] if found else ""

    @property
    def declared_id(self) -> str:
        """The id in parentheses at the heading's end; may be empty."""
        return _split_heading(self.heading.text)[1] if self.heading else ""

    @property
    def title(self) -> str:
        """The heading without "Milestone N —" and without its id."""
        if self.heading is None:
            return ""
        text, _ = _split_heading(self.heading.text)
        numbered = _TITLE.match(text)
        return (numbered["rest"] or text) if numbered else text

    @property
    def goal(self) -> str:
        """The paragraph that starts with "Goal:", else the first one; one line."""
        texts = [p.text for p in self.paragraphs if not p.quoted]
        for text in texts:
            labelled = _GOAL.match(text)
            if labelled:
                return " ".join(labelled.group(1).split())
        return " ".join(texts[0].split()) if texts else ""

    @property
    def issue(self) -> str | None:
        """The first "Issue #N" of the text."""
        for paragraph in self.paragraphs:
            found = _ISSUE.search(paragraph.text)
            if found:
                return found.group(1)
        return None

    @property
    def total(self) -> tuple[int | None, int | None]:
        """Tokens of the "total estimate" in the text, and the line (from 1) where it stands."""
        for paragraph in self.paragraphs:
            for at, line in enumerate(paragraph.text.split("\n")):
                found = _TOTAL.search(line)
                if found:
                    return _tokens_or_none(found.group(1)), paragraph.line + at
        return None, None


def _split_heading(text: str) -> tuple[str, str]:
    """A heading's text and the id in parentheses at its end."""
    if text.endswith(")"):
        before, _, inner = text[:-1].rpartition("(")
        if _ID.fullmatch(inner):
            return before.rstrip(), inner
    return text, ""


def _tokens_or_none(text: str) -> int | None:
    try:
        return read_tokens(text.rstrip(".,"))
    except ValueError:
        return None  # the lint rule says so: a line without a number


def divide(blocks: Sequence[Block], line_count: int) -> list[Section]:
    """The file's sections.

    A heading opens one if it is of level 1 or 2, or if it says "Milestone". Deeper headings
    belong to the section that they stand in.
    """
    sections = [Section(heading=None)]
    for block in blocks:
        current = sections[-1]
        if isinstance(block, Heading):
            if block.level <= 2 or _TITLE.match(block.text):
                current.end_line = current.end_line or block.line
                sections.append(Section(heading=block))
        elif isinstance(block, Rule):
            current.end_line = current.end_line or block.line
        elif isinstance(block, Paragraph):
            current.paragraphs.append(block)
        else:
            current.tables.append(block)
    for section in sections:
        section.end_line = section.end_line or line_count + 1
    return sections


def milestone_id(section: Section, task_ids: Sequence[str], taken: Iterable[str]) -> str:
    """The id in the heading, else what the rows' ids share, else M and the number, else a slug.

    An id that an earlier milestone has gets a number behind it.
    """
    name = (
        section.declared_id
        or _common_prefix(task_ids)
        or (f"M{section.number}" if section.number else "")
        or re.sub(r"[^\w]+", "-", section.title.casefold()).strip("-")[:40]
        or "tasks"
    )
    unique, number = name, 2
    others = set(taken)
    while unique in others:
        unique = f"{name}-{number}"
        number += 1
    return unique


def _common_prefix(task_ids: Sequence[str]) -> str:
    """`FED-M1` for FED-M1-01, FED-M1-02; empty where the ids share no such part."""
    prefixes = set()
    for task_id in task_ids:
        found = _NUMBERED_ID.fullmatch(task_id) if len(task_id) < 100 else None
        prefixes.add(found.group(1) if found else "")
    return prefixes.pop() if len(prefixes) == 1 else ""


def common_issue(issues: Iterable[str | None]) -> str | None:
    """The issue that all rows name which name one."""
    named = {issue for issue in issues if issue}
    return named.pop() if len(named) == 1 else None
