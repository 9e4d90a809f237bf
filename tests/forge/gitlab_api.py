"""The used endpoints of GitLab 18, `/api/v4`."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from tests.forge.api import Ask, Dialect, Json, Reply, page
from tests.forge.ci import Job, JobState
from tests.forge.model import ForgeIssue, ForgePull, RefusalError

_PROJECT = "/projects/[^/]+"
_MOST = 100
_WORDS = {
    JobState.QUEUED: "pending",
    JobState.FAILURE: "failed",
    JobState.CANCELLED: "canceled",
    JobState.ODD: "paused",
}


def _authorized(headers: Mapping[str, str], token: str) -> bool:
    return headers.get("private-token") == token


def _list(ask: Ask, entries: list[Json]) -> Reply:
    shown, headers = page(ask, entries, size_name="per_page", most=_MOST, total_header="X-Total")
    return Reply(body=shown, headers=headers)


def _said(state: JobState) -> str:
    return _WORDS.get(state, state.value)


def _project(ask: Ask) -> Reply:
    access = "enabled" if ask.model.has_ci else "disabled"
    return Reply(body={"id": 7, "builds_access_level": access})


def _branch(ask: Ask, name: str) -> Reply:
    commit = ask.model.heads().get(unquote(name))
    if commit is None:
        raise RefusalError(404, "404 Branch Not Found")
    return Reply(body={"name": unquote(name), "commit": {"id": commit}, "protected": False})


def _delete_branch(ask: Ask, name: str) -> Reply:
    ask.model.delete_branch(unquote(name))
    return Reply(status=204)


def _pipelines(ask: Ask) -> Reply:
    commit, ref = ask.first("sha"), ask.first("ref")
    jobs = [
        job
        for job in reversed(ask.model.ci.jobs)
        if commit in ("", job.commit) and ref in ("", job.branch)
    ]
    return _list(ask, [_pipeline(job) for job in jobs])


def _pipeline(job: Job) -> Json:
    """One a job here: what a commit's newest pipeline says is what counts."""
    return {
        "id": job.id,
        "sha": job.commit,
        "ref": job.branch,
        "status": _said(job.script[0]),
        "source": f"push-{job.name}",
        "created_at": job.created,
    }


def _statuses(ask: Ask, commit: str) -> Reply:
    return _list(
        ask,
        [
            {
                "id": job.id,
                "sha": job.commit,
                "ref": job.branch,
                "name": job.name,
                "status": _said(job.look()),
                "allow_failure": False,
                "created_at": job.created,
            }
            for job in ask.model.ci.of(commit)
        ],
    )


def _pull(ask: Ask, pull: ForgePull) -> Json:
    state = "merged" if pull.merged else {"open": "opened"}.get(pull.state, pull.state)
    return {
        "iid": pull.number,
        "web_url": f"{ask.root}/{ask.model.name}/-/merge_requests/{pull.number}",
        "state": state,
        "title": pull.title,
        "description": pull.body,
        "source_branch": pull.branch,
        "target_branch": pull.base,
        "source_project_id": 7,
        "target_project_id": 7,
        "sha": pull.head,
        "merge_commit_sha": None,
        "squash_commit_sha": pull.merge_commit,
        "detailed_merge_status": "checking" if pull.looks_until_mergeable else "mergeable",
    }


def _pulls(ask: Ask) -> Reply:
    pulls = [
        pull
        for pull in ask.model.pulls.values()
        if ask.first("source_branch") in ("", pull.branch)
        and ask.first("target_branch") in ("", pull.base)
    ]
    return _list(ask, [_pull(ask, pull) for pull in reversed(pulls)])


def _open_pull(ask: Ask) -> Reply:
    body = ask.body
    pull = ask.model.open_pull(
        branch=body["source_branch"],
        base=body["target_branch"],
        title=body["title"],
        body=body["description"],
    )
    return Reply(status=201, body=_pull(ask, pull))


def _one_pull(ask: Ask, number: str) -> Reply:
    return Reply(body=_pull(ask, ask.model.pull(int(number))))


def _update_pull(ask: Ask, number: str) -> Reply:
    pull = ask.model.edit_pull(
        int(number),
        title=ask.body.get("title"),
        body=ask.body.get("description"),
        close=ask.body.get("state_event") == "close",
    )
    return Reply(body=_pull(ask, pull))


def _merge(ask: Ask, number: str) -> Reply:
    if not ask.body["squash"]:
        raise RefusalError(405, "405 Method Not Allowed")
    pull = ask.model.pull(int(number))
    try:
        ask.model.merge(
            pull.number, head=ask.body["sha"], message=ask.body["squash_commit_message"]
        )
    except RefusalError as refusal:
        if refusal.status == 405:
            raise RefusalError(405, "405 Method Not Allowed") from refusal
        raise
    return Reply(body=_pull(ask, pull))


def _issue(issue: ForgeIssue) -> Json:
    state = "opened" if issue.state == "open" else "closed"
    return {
        "iid": issue.number,
        "state": state,
        "title": issue.title,
        "web_url": "x",
        "description": issue.body,
        "labels": list(issue.labels),
    }


def _issues(ask: Ask) -> Reply:
    state, label = ask.first("state", ""), ask.first("labels", "")
    shown = [_issue(issue) for issue in reversed(ask.model.issues.values())]
    return _list(ask, [one for one in shown if one["state"] == state and label in one["labels"]])


def _one_issue(ask: Ask, number: str) -> Reply:
    return Reply(body=_issue(ask.model.issue(int(number))))


def _edit_issue(ask: Ask, number: str) -> Reply:
    if ask.body.get("state_event") != "close":
        raise RefusalError(400, "only closing is known here")
    return Reply(body=_issue(ask.model.close_issue(int(number))))


def _notes(ask: Ask, number: str) -> Reply:
    comments = ask.model.issue(int(number)).comments
    return _list(ask, [{"id": id_, "body": body} for id_, body in reversed(comments)])


def _note(ask: Ask, number: str) -> Reply:
    id_, body = ask.model.comment(int(number), ask.body["body"])
    return Reply(status=201, body={"id": id_, "body": body})


def dialect() -> Dialect:
    """GitLab's API."""
    branches = _PROJECT + "/repository/branches/([^/]+)"
    request = _PROJECT + r"/merge_requests/(\d+)"
    return Dialect(
        prefix="/api/v4",
        authorized=_authorized,
        etags=True,
        routes=[
            ("GET", _PROJECT, _project),
            ("GET", branches, _branch),
            ("DELETE", branches, _delete_branch),
            ("GET", _PROJECT + "/pipelines", _pipelines),
            ("GET", _PROJECT + "/repository/commits/([0-9a-f]+)/statuses", _statuses),
            ("GET", _PROJECT + "/merge_requests", _pulls),
            ("POST", _PROJECT + "/merge_requests", _open_pull),
            ("GET", request, _one_pull),
            ("PUT", request, _update_pull),
            ("PUT", request + "/merge", _merge),
            ("GET", _PROJECT + "/issues", _issues),
            ("GET", _PROJECT + r"/issues/(\d+)", _one_issue),
            ("PUT", _PROJECT + r"/issues/(\d+)", _edit_issue),
            ("GET", _PROJECT + r"/issues/(\d+)/notes", _notes),
            ("POST", _PROJECT + r"/issues/(\d+)/notes", _note),
        ],
    )
