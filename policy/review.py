"""A review: what the reviewer decides and finds, and what follows for the author."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class ReviewVerdict(StrEnum):
    """What the reviewer decides."""

    APPROVE = "approve"
    CHANGES = "request-changes"  # the author settles the findings
    PERSON = "needs-person"  # the reviewer cannot decide it


class Severity(StrEnum):
    """How much a finding matters."""

    BLOCKER = "blocker"  # wrong, unsafe, or loses data
    MAJOR = "major"  # must be settled before the merge
    MINOR = "minor"
    NOTE = "note"


class _Answer(BaseModel):
    # The schema is shown to a model, which adds keys now and then: those do no harm.
    model_config = ConfigDict(frozen=True, extra="ignore")


class ReviewFinding(_Answer):
    """One thing that the reviewer found."""

    file: str = Field(description="Path in the repository.")
    line: int | None = Field(default=None, ge=1, description="In the new version, from 1.")
    severity: Severity
    message: str = Field(min_length=1, description="What is wrong, and what follows from it.")


class Review(_Answer):
    """A reviewer's answer."""

    verdict: ReviewVerdict
    summary: str = Field(description="One paragraph.")
    findings: list[ReviewFinding] = Field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether the work may be merged: approved, and nothing found that must be settled."""
        grave = {Severity.BLOCKER, Severity.MAJOR}
        return self.verdict is ReviewVerdict.APPROVE and not any(
            finding.severity in grave for finding in self.findings
        )


def findings_text(review: Review) -> str:
    """The review as text for its author."""
    lines = [f"{review.verdict}: {review.summary}"]
    for finding in review.findings:
        where = finding.file + (f":{finding.line}" if finding.line else "")
        lines.append(f"- {where} ({finding.severity}): {finding.message}")
    return "\n".join(lines)
