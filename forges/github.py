"""GitHub: check runs, commit statuses and workflow runs. REST API version 2022-11-28."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

from forges import github_answers as answers
from forges.answers import Answer
from forges.errors import CredentialsError, NotFoundError, NotYetError, RefusedError
from forges.github_style import GitHubStyle
from forges.http import Parameters
from forges.paging import Page, read_all
from forges.protocol import Branch, Comment, Pull
from forges.reports import CiReport
from forges.words import STATUS_WORDS, run_said, said

_PAGE = 100
_ACTIVE = ("queued", "in_progress", "requested", "waiting", "pending")
# 405s that another try may turn into a merge: the base moved, or the merge is still computed.
_NOT_YET = ("base branch was modified", "try again", "try the merge again")


@dataclass(frozen=True, kw_only=True)
class GitHub(GitHubStyle):
    """A repository on GitHub, or on a GitHub Enterprise server."""

    kind = "github"
    whole_page: ClassVar[Parameters] = {"per_page": _PAGE}

    # What the queue guard reads.

    def branch(self, name: str) -> Branch | None:
        try:
            found = self.api.get(f"{self._path}/branches/{quote(name)}").read(answers.BRANCH)
        except NotFoundError:
            return None
        checks = found.protection.required_status_checks if found.protection else None
        return Branch(
            name=name,
            commit=found.commit.sha,
            protected=found.protected,
            required=tuple(checks.contexts) if checks else (),
        )

    def reports(self, commit: str) -> tuple[CiReport, ...]:
        path = f"{self._path}/commits/{commit}"
        query = {"per_page": _PAGE}
        checks = read_all(self.api, f"{path}/check-runs", query, _check_runs, lambda run: run.id)
        statuses = read_all(
            self.api, f"{path}/status", query, _statuses, lambda found: found.number
        )
        return (
            *(_check_report(run) for run in checks),
            *statuses,
            *(_run_report(run) for run in self._runs({"head_sha": commit})),
        )

    def active(self, branches: Collection[str]) -> Mapping[str, tuple[CiReport, ...]]:
        runs = [run for word in _ACTIVE for run in self._runs({"status": word})]
        return {
            branch: tuple(_run_report(run) for run in runs if run.head_branch == branch)
            for branch in branches
        }

    def has_ci(self, commit: str) -> bool | None:
        """No workflow, no app that checks this commit, and no web hook."""
        suites = f"{self._path}/commits/{commit}/check-suites"
        for path in (f"{self._path}/actions/workflows", suites):
            if self.api.get(path, {"per_page": 1}).read(answers.COUNT).total_count:
                return None
        try:
            hooks = self.api.get(f"{self._path}/hooks", {"per_page": _PAGE}).read(answers.HOOKS)
        except (CredentialsError, NotFoundError):
            return None  # reading hooks takes an admin's token
        return None if any(hook.active for hook in hooks) else False

    def _runs(self, parameters: Parameters) -> list[answers.RunAnswer]:
        return read_all(
            self.api,
            f"{self._path}/actions/runs",
            {**parameters, "per_page": _PAGE},
            _runs_page,
            lambda run: run.id,
        )

    # Pull requests.

    def pulls(self, branch: str, base: str) -> tuple[Pull, ...]:
        owner = self.repository.partition("/")[0]
        query: Parameters = {
            "head": f"{owner}:{branch}",
            "base": base,
            "state": "all",
            "per_page": _PAGE,
        }
        found = read_all(
            self.api, f"{self._path}/pulls", query, _pulls_page, lambda pull: pull.number
        )
        ours = [_pull(pull) for pull in found if self._is_ours(pull.head, branch)]
        return tuple(sorted(ours, key=lambda pull: pull.number, reverse=True))

    def merge(self, number: int, *, head: str, title: str, message: str) -> bool:
        body = {
            "merge_method": "squash",
            "sha": head,
            "commit_title": title,
            "commit_message": message,
        }
        try:
            answer = self.api.send("PUT", f"{self._path}/pulls/{number}/merge", body)
        except RefusedError as error:
            words = error.words.lower()
            if error.status == 405 and any(hint in words for hint in _NOT_YET):
                raise NotYetError(error.message, status=405, words=error.words) from error
            raise
        return answer.read(answers.MERGE).merged

    def delete_branch(self, name: str) -> None:
        try:
            self.api.send("DELETE", f"{self._path}/git/refs/heads/{quote(name)}")
        except RefusedError as error:
            gone = error.status == 422 and "not exist" in error.words
            if error.status != 404 and not gone:
                raise

    # Issues.

    def close_issue(self, number: int) -> None:
        body = {"state": "closed", "state_reason": "completed"}
        self.api.send("PATCH", f"{self._path}/issues/{number}", body)

    def comments(self, number: int) -> tuple[Comment, ...]:
        found = read_all(
            self.api,
            f"{self._path}/issues/{number}/comments",
            {"per_page": _PAGE},
            _comments,
            lambda comment: comment.id,
        )
        return tuple(found)

    def _pull(self, answer: Answer) -> Pull:
        return _pull(answer.read(answers.PULL))


def _check_runs(answer: Answer) -> Page[answers.CheckRunAnswer]:
    found = answer.read(answers.CHECK_RUNS)
    return Page(entries=found.check_runs, total=found.total_count)


def _statuses(answer: Answer) -> Page[CiReport]:
    found = answer.read(answers.COMBINED)
    return Page(
        entries=[_status_report(status, found.sha) for status in found.statuses],
        total=found.total_count,
    )


def _runs_page(answer: Answer) -> Page[answers.RunAnswer]:
    found = answer.read(answers.RUNS)
    return Page(entries=found.workflow_runs, total=found.total_count)


def _pulls_page(answer: Answer) -> Page[answers.PullAnswer]:
    found = answer.read(answers.PULLS)
    return Page(entries=found, total=None)


def _comments(answer: Answer) -> Page[Comment]:
    found = answer.read(answers.COMMENTS)
    return Page(
        entries=[Comment(id=comment.id, body=comment.body or "") for comment in found], total=None
    )


def _check_report(run: answers.CheckRunAnswer) -> CiReport:
    state, word = run_said(run.status, run.conclusion)
    return CiReport(
        source="check",
        context=run.name,
        group=str(run.check_suite.id) if run.check_suite else "",
        number=run.id,
        state=state,
        word=word,
        commit=run.head_sha,
        since=run.started_at,
    )


def _status_report(status: answers.StatusAnswer, commit: str) -> CiReport:
    return CiReport(
        source="status",
        context=status.context,
        group="",
        number=status.id,
        state=said(status.state, STATUS_WORDS),
        word=status.state,
        commit=commit,
        since=status.created_at,
    )


def _run_report(run: answers.RunAnswer) -> CiReport:
    state, word = run_said(run.status or "", run.conclusion)
    return CiReport(
        source="run",
        context=run.name or run.path,
        group=f"{run.path} {run.event}",
        number=run.id,
        state=state,
        word=word,
        commit=run.head_sha,
        since=run.run_started_at,
    )


def _pull(found: answers.PullAnswer) -> Pull:
    return found.as_pull(merged=found.merged_at is not None)
