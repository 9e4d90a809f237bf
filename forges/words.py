"""The forges' words for the state of a run, in our vocabulary. A word that is not here is unknown.

Sources: GitHub REST API 2022-11-28 (check runs, workflow runs, commit statuses), which Gitea's
Actions API follows; Gitea 1.26 and Forgejo 12 (commit statuses, Actions runs); GitLab 18 REST API
v4 (pipelines, commit statuses).
"""

from __future__ import annotations

from collections.abc import Mapping

from forges.reports import CiState

_QUEUED, _RUNNING = CiState.QUEUED, CiState.RUNNING
_GREEN, _RED = CiState.GREEN, CiState.RED

COMPLETED = "completed"  # then the conclusion counts

# Commit statuses of Gitea, Forgejo and GitHub. `pending` may mean queued or running.
STATUS_WORDS: Mapping[str, CiState] = {
    "pending": _QUEUED,
    "success": _GREEN,
    "warning": _GREEN,  # Gitea counts it as success
    "skipped": CiState.SKIPPED,
    "error": _RED,
    "failure": _RED,
}

# `status` of runs and check runs of GitHub and Gitea.
RUN_WORDS: Mapping[str, CiState] = {
    "queued": _QUEUED,
    "requested": _QUEUED,
    "pending": _QUEUED,
    "waiting": _QUEUED,
    "in_progress": _RUNNING,
}

# `conclusion` of runs and check runs of GitHub and Gitea.
CONCLUSION_WORDS: Mapping[str, CiState] = {
    "success": _GREEN,
    "failure": _RED,
    "timed_out": _RED,
    "startup_failure": _RED,
    "cancelled": CiState.CANCELLED,
    "neutral": CiState.SKIPPED,
    "skipped": CiState.SKIPPED,
    "action_required": CiState.HELD,
    "stale": CiState.STALE,
}

# `status` of Actions runs of Forgejo, which has no conclusion.
FORGEJO_RUN_WORDS: Mapping[str, CiState] = {
    "waiting": _QUEUED,
    "blocked": _QUEUED,
    "running": _RUNNING,
    "success": _GREEN,
    "failure": _RED,
    "cancelled": CiState.CANCELLED,
    "skipped": CiState.SKIPPED,
}

# `status` of pipelines and of commit statuses (jobs) of GitLab.
PIPELINE_WORDS: Mapping[str, CiState] = {
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
    "canceled": CiState.CANCELLED,
    "skipped": CiState.SKIPPED,
    "manual": CiState.HELD,
}


def said(word: str, words: Mapping[str, CiState]) -> CiState:
    """What `word` means; unknown when it is not among `words`."""
    return words.get(word, CiState.UNKNOWN)


def run_said(status: str, conclusion: str | None) -> tuple[CiState, str]:
    """The state of a run or check run of GitHub or Gitea, and the word that says so."""
    if status != COMPLETED:
        return said(status, RUN_WORDS), status
    word = conclusion or COMPLETED
    return said(word, CONCLUSION_WORDS), word
