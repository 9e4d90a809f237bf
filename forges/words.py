"""The forges' words for the state of a run, in our vocabulary. A word that is not here is unknown.

Sources: GitHub REST API 2022-11-28 (check runs, workflow runs, commit statuses), which Gitea's
Actions API follows; Gitea 1.26 and Forgejo 12 (commit statuses, Actions runs); GitLab 18 REST API
v4 (pipelines, commit statuses).
"""

from __future__ import annotations

from collections.abc import Mapping

from forges.reports import ReportState

_QUEUED, _RUNNING = ReportState.QUEUED, ReportState.RUNNING
_GREEN, _RED = ReportState.GREEN, ReportState.RED

COMPLETED = "completed"  # then the conclusion counts

# Commit statuses of Gitea, Forgejo and GitHub. `pending` may mean queued or running.
STATUS_WORDS: Mapping[str, ReportState] = {
    "pending": _QUEUED,
    "success": _GREEN,
    "warning": _GREEN,  # Gitea counts it as success
    "skipped": ReportState.SKIPPED,
    "error": _RED,
    "failure": _RED,
}

# `status` of runs and check runs of GitHub and Gitea.
RUN_WORDS: Mapping[str, ReportState] = {
    "queued": _QUEUED,
    "requested": _QUEUED,
    "pending": _QUEUED,
    "waiting": _QUEUED,
    "in_progress": _RUNNING,
}

# `conclusion` of runs and check runs of GitHub and Gitea.
CONCLUSION_WORDS: Mapping[str, ReportState] = {
    "success": _GREEN,
    "failure": _RED,
    "timed_out": _RED,
    "startup_failure": _RED,
    "cancelled": ReportState.CANCELLED,
    "neutral": ReportState.SKIPPED,
    "skipped": ReportState.SKIPPED,
    "action_required": ReportState.HELD,
    "stale": ReportState.STALE,
}

# `status` of Actions runs of Forgejo, which has no conclusion.
FORGEJO_RUN_WORDS: Mapping[str, ReportState] = {
    "waiting": _QUEUED,
    "blocked": _QUEUED,
    "running": _RUNNING,
    "success": _GREEN,
    "failure": _RED,
    "cancelled": ReportState.CANCELLED,
    "skipped": ReportState.SKIPPED,
}

# `status` of pipelines and of commit statuses (jobs) of GitLab.
PIPELINE_WORDS: Mapping[str, ReportState] = {
    "created": _QUEUED,
    "waiting_for_resource": _QUEUED,
    "waiting_for_callback": _QUEUED,
    "preparing": _QUEUED,
    "pending": _QUEUED,
    "scheduled": _QUEUED,
    "running": _RUNNING,
    "canceling": _RUNNING,
    "success": _GREEN,
    "failed": _RED,
    "canceled": ReportState.CANCELLED,
    "skipped": ReportState.SKIPPED,
    "manual": ReportState.HELD,
}


def said(word: str, words: Mapping[str, ReportState]) -> ReportState:
    """What `word` means; unknown when it is not among `words`."""
    return words.get(word, ReportState.UNKNOWN)


def run_said(status: str, conclusion: str | None) -> tuple[ReportState, str]:
    """The state of a run or check run of GitHub or Gitea, and the word that says so."""
    if status != COMPLETED:
        return said(status, RUN_WORDS), status
    word = conclusion or COMPLETED
    return said(word, CONCLUSION_WORDS), word
