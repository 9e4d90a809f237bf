"""Gitea and Forgejo, and the CI that reports to them as commit statuses, such as Woodpecker."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import quote

from pydantic import JsonValue

from forges import gitea_answers as answers
from forges.answers import Answer
from forges.errors import CredentialsError, NotFoundError, NotYetError, RefusedError
from forges.github_style import GitHubStyle
from forges.http import Parameters
from forges.paging import Page, read_all
from forges.protocol import Branch, Comment, Pull
from forges.reports import CiReport
from forges.words import FORGEJO_RUN_WORDS, STATUS_WORDS, run_said, said

_PAGE = 50  # the most that both give by default
_CLOSED_PAGES = 4  # of ended pull requests, the latest first: ours ended a moment ago
_RED_TAPE = "try again"  # Gitea's 405 while it still computes whether a merge is possible

# Both have their own words for runs that are not over, and refuse the other's.
_GITEA_ACTIVE = ("queued", "waiting", "in_progress")
_FORGEJO_ACTIVE = ("waiting", "running", "blocked")


@dataclass(frozen=True, kw_only=True)
class Gitea(GitHubStyle):
    """A repository on Gitea or Forgejo."""

    kind = "gitea"
    whole_page: ClassVar[Parameters] = {"limit": _PAGE}
    _flavour: dict[str, bool] = field(default_factory=dict, repr=False)  # is it Forgejo?

    # What the queue guard reads.

    def branch(self, name: str) -> Branch | None:
        try:
            found = self.api.get(f"{self._path}/branches/{quote(name)}").read(answers.BRANCH)
        except NotFoundError:
            return None
        contexts = found.status_check_contexts if found.enable_status_check else []
        return Branch(
            name=name,
            commit=found.commit.id,
            protected=found.protected,
            required=tuple(contexts),
        )

    def reports(self, commit: str) -> tuple[CiReport, ...]:
        statuses = read_all(
            self.api,
            f"{self._path}/commits/{commit}/statuses",
            {"limit": _PAGE},
            _statuses,
            lambda status: status.id,
        )
        runs = self._runs({"head_sha": commit})
        return (
            *(_status_report(status, commit) for status in statuses),
            *(self._run_report(run) for run in runs),
        )

    def active(self, branches: Collection[str]) -> Mapping[str, tuple[CiReport, ...]]:
        words = _FORGEJO_ACTIVE if self._is_forgejo() else _GITEA_ACTIVE
        runs = [run for word in words for run in self._runs({"status": word})]
        return {
            branch: tuple(self._run_report(run) for run in runs if run.branch == branch)
            for branch in branches
        }

    def has_ci(self, commit: str) -> bool | None:
        """No Actions, and no web hook that could tell a CI about a push."""
        found = self.api.get(self._path).read(answers.REPOSITORY)
        if found.has_actions is not False:
            return None
        try:
            hooks = self.api.get(f"{self._path}/hooks", {"limit": _PAGE}).read(answers.HOOKS)
        except (CredentialsError, NotFoundError):
            return None  # reading hooks takes an owner's token
        return None if any(hook.active for hook in hooks) else False

    def _runs(self, parameters: Parameters) -> list[answers.RunAnswer]:
        """Actions runs; none where there are no Actions, or a version without this list: there,
        commit statuses say it all."""
        try:
            return read_all(
                self.api,
                f"{self._path}/actions/runs",
                {**parameters, "limit": _PAGE},
                _runs_page,
                lambda run: run.id,
            )
        except NotFoundError:
            return []

    def _run_report(self, run: answers.RunAnswer) -> CiReport:
        if self._is_forgejo():
            state, word = said(run.status, FORGEJO_RUN_WORDS), run.status
        else:
            state, word = run_said(run.status, run.conclusion)
        return CiReport(
            source="run",
            context=run.workflow.partition("@")[0],
            group=run.event,
            number=run.id,
            state=state,
            word=word,
            commit=run.commit,
            since=run.began,
        )

    def _is_forgejo(self) -> bool:
        """Forgejo's version names the Gitea that it is compatible with: `12.0.1+gitea-1.22.0`."""
        if "forgejo" not in self._flavour:
            version = self.api.get("/version").read(answers.VERSION).version
            self._flavour["forgejo"] = "gitea-" in version
        return self._flavour["forgejo"]

    # Pull requests.

    def pulls(self, branch: str, base: str) -> tuple[Pull, ...]:
        path = f"{self._path}/pulls"
        found = read_all(
            self.api, path, {"state": "open", "limit": _PAGE}, _pulls_page, _pull_number
        )
        for page in range(1, _CLOSED_PAGES + 1):
            query: Parameters = {
                "state": "closed",
                "sort": "recentupdate",
                "limit": _PAGE,
                "page": page,
            }
            closed = self.api.get(path, query).read(answers.PULLS)
            found += closed
            if not closed:
                break
        ours = {
            pull.number: _pull(pull)
            for pull in found
            if pull.base.ref == base and self._is_ours(pull.head, branch)
        }
        return tuple(ours[number] for number in sorted(ours, reverse=True))

    def merge(self, number: int, *, head: str, title: str, message: str) -> bool:
        body: dict[str, JsonValue] = {
            "Do": "squash",
            "head_commit_id": head,
            "MergeTitleField": title,
            "MergeMessageField": message,
            # An error in deleting the branch comes after the merge and looks like a failure of it.
            "delete_branch_after_merge": False,
        }
        try:
            answer = self.api.send("POST", f"{self._path}/pulls/{number}/merge", body)
        except RefusedError as error:
            if error.status == 405 and _RED_TAPE in error.words.lower():
                raise NotYetError(error.message, status=error.status, words=error.words) from error
            raise
        return answer.status == 200

    def close_pull(self, number: int, *, merged_as: str) -> None:
        body: dict[str, JsonValue] = {"Do": "manually-merged", "MergeCommitID": merged_as}
        try:
            self.api.send("POST", f"{self._path}/pulls/{number}/merge", body)
        except RefusedError as error:
            if error.status not in (405, 409):
                raise
            # The repository's settings do not let anybody say that, as by default, or Gitea has not
            # seen the commit on the base yet.
            super().close_pull(number, merged_as=merged_as)

    def delete_branch(self, name: str) -> None:
        try:
            self.api.send("DELETE", f"{self._path}/branches/{quote(name)}")
        except NotFoundError:
            return

    # Issues.

    def close_issue(self, number: int) -> None:
        self.api.send("PATCH", f"{self._path}/issues/{number}", {"state": "closed"})

    def comments(self, number: int) -> tuple[Comment, ...]:
        # This list does not come in pages.
        found = self.api.get(f"{self._path}/issues/{number}/comments").read(answers.COMMENTS)
        return tuple(Comment(id=comment.id, body=comment.body) for comment in found)

    def _pull(self, answer: Answer) -> Pull:
        return _pull(answer.read(answers.PULL))


def _pull(found: answers.PullAnswer) -> Pull:
    return found.as_pull(merged=found.merged)


def _statuses(answer: Answer) -> Page[answers.StatusAnswer]:
    found = answer.read(answers.STATUSES)
    return Page(entries=found, total=None)


def _runs_page(answer: Answer) -> Page[answers.RunAnswer]:
    found = answer.read(answers.RUNS)
    return Page(entries=found.workflow_runs, total=found.total_count)


def _pulls_page(answer: Answer) -> Page[answers.PullAnswer]:
    found = answer.read(answers.PULLS)
    return Page(entries=found, total=None)


def _pull_number(pull: answers.PullAnswer) -> int:
    return pull.number


def _status_report(status: answers.StatusAnswer, commit: str) -> CiReport:
    about = status.url.rstrip("/").rpartition("/statuses/")[2] if status.url else commit
    return CiReport(
        source="status",
        context=status.context,
        group="",
        number=status.id,
        state=said(status.status, STATUS_WORDS),
        word=status.status,
        commit=about or commit,
        since=status.created_at or status.updated_at,
    )
