"""The used endpoints of Gitea 1.26 and Forgejo 12, `/api/v1`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from urllib.parse import unquote

from tests.forge.api import Ask, Dialect, Json, Reply, page
from tests.forge.ci import Job, JobState
from tests.forge.github_style import REPO, PullsAndIssues
from tests.forge.model import ForgePull, RefusalError

_MOST = 50

_STATUS = {
    JobState.QUEUED: "pending",
    JobState.RUNNING: "pending",
    JobState.CANCELLED: "failure",
    JobState.ODD: "paused",
}
# Gitea's run states: status and conclusion. `waiting` asks for blocked runs there.
_GITEA_RUN = {
    JobState.QUEUED: ("queued", ""),
    JobState.RUNNING: ("in_progress", ""),
    JobState.ODD: ("paused", ""),
}
_FORGEJO_RUN = {JobState.QUEUED: "waiting", JobState.ODD: "unknown"}
_GITEA_FILTERS = {"queued", "waiting", "in_progress", "completed", "pending", "requested"}
_FORGEJO_FILTERS = {"unknown", "waiting", "running", "success", "failure", "cancelled"} | {
    "skipped",
    "blocked",
}


def _authorized(headers: Mapping[str, str], token: str) -> bool:
    return headers.get("authorization") == f"token {token}"


def _list(ask: Ask, entries: list[Json]) -> Reply:
    shown, headers = page(ask, entries, size_name="limit", most=_MOST, total_header="X-Total-Count")
    return Reply(body=shown, headers=headers)


def _version(forgejo: bool, _ask: Ask) -> Reply:
    return Reply(body={"version": "12.0.1+gitea-1.22.0" if forgejo else "1.26.0"})


def _repository(ask: Ask) -> Reply:
    return Reply(body={"full_name": ask.model.name, "has_actions": ask.model.has_ci})


def _hooks(ask: Ask) -> Reply:
    hooks = [{"id": 1, "active": True, "type": "gitea"}] if ask.model.has_ci else []
    return _list(ask, list(hooks))


def _branch(ask: Ask, name: str) -> Reply:
    commit = ask.model.heads().get(unquote(name))
    if commit is None:
        raise RefusalError(404, "The target couldn't be found.")
    return Reply(
        body={
            "name": unquote(name),
            "commit": {"id": commit, "message": "", "timestamp": "2026-04-19T10:00:00Z"},
            "protected": bool(ask.model.required),
            "enable_status_check": bool(ask.model.required),
            "status_check_contexts": list(ask.model.required) or None,
        }
    )


def _delete_branch(ask: Ask, name: str) -> Reply:
    ask.model.delete_branch(unquote(name))
    return Reply(status=204)


def _statuses(ask: Ask, commit: str) -> Reply:
    return _list(ask, [_status(ask, job) for job in ask.model.ci.of(commit)])


def _status(ask: Ask, job: Job) -> Json:
    state = job.look()
    return {
        "id": job.id,
        "status": _STATUS.get(state, state.value),
        "context": job.name,
        "description": "",
        "target_url": "",
        "url": f"{ask.root}/api/v1/repos/{ask.model.name}/statuses/{job.commit}",
        "created_at": job.created,
        "updated_at": job.created,
    }


def _runs(forgejo: bool, ask: Ask) -> Reply:
    wanted = set(ask.query.get("status", []))
    if wanted - (_FORGEJO_FILTERS if forgejo else _GITEA_FILTERS):
        raise RefusalError(400, f"Invalid status {sorted(wanted)}")
    commit = ask.first("head_sha")
    runs = []
    for job in reversed(ask.model.ci.jobs):
        if commit and job.commit != commit:
            continue
        run = _forgejo_run(job) if forgejo else _gitea_run(job)
        if not wanted or run["status"] in wanted:
            runs.append(run)
    shown, headers = page(ask, runs, size_name="limit", most=_MOST, total_header="X-Total-Count")
    return Reply(body={"total_count": len(runs), "workflow_runs": shown or None}, headers=headers)


def _gitea_run(job: Job) -> Json:
    # A list of runs shows the state that statuses have shown last: it does not go on by itself.
    state = job.script[0]
    status, conclusion = _GITEA_RUN.get(state, ("completed", state.value))
    return {
        "id": job.id,
        "path": f"{job.name}.yml@refs/heads/{job.branch}",
        "event": "push",
        "display_title": job.name,
        "head_sha": job.commit,
        "head_branch": job.branch,
        "status": status,
        "conclusion": conclusion,
        "started_at": "0001-01-01T00:00:00Z" if status == "queued" else job.created,
    }


def _forgejo_run(job: Job) -> Json:
    state = job.script[0]
    return {
        "id": job.id,
        "title": job.name,
        "workflow_id": f"{job.name}.yml",
        "event": "push",
        "prettyref": job.branch,
        "commit_sha": job.commit,
        "status": _FORGEJO_RUN.get(state, state.value),
        "created": job.created,
    }


def _pull(ask: Ask, pull: ForgePull) -> Json:
    repository = {"full_name": ask.model.name}
    return {
        "number": pull.number,
        "html_url": f"{ask.root}/{ask.model.name}/pulls/{pull.number}",
        "state": pull.state,
        "merged": pull.merged,
        "merge_commit_sha": pull.merge_commit,
        "mergeable": not pull.looks_until_mergeable,
        "title": pull.title,
        "body": pull.body,
        "head": {"ref": pull.branch, "sha": pull.head, "repo": repository},
        "base": {"ref": pull.base, "sha": "", "repo": repository},
    }


def _pulls(ask: Ask) -> Reply:
    wanted = ask.first("state", "open")
    pulls = [pull for pull in ask.model.pulls.values() if wanted in ("all", pull.state)]
    return _list(ask, [_pull(ask, pull) for pull in reversed(pulls)])


def _merge(ask: Ask, number: str) -> Reply:
    if ask.body["Do"] == "manually-merged":
        ask.model.merged_by_hand(int(number), ask.body["MergeCommitID"])
        return Reply()
    if ask.body["Do"] != "squash":
        raise RefusalError(405, "not an allowed merge style for this repository")
    merged = ask.model.merge(
        int(number),
        head=ask.body["head_commit_id"],
        message=f"{ask.body['MergeTitleField']}\n\n{ask.body['MergeMessageField']}",
    )
    return Reply(status=200 if merged else 201)


_SHARED = PullsAndIssues(
    show_pull=_pull,
    listing=_list,
    paged_comments=False,
    closes={"state": "closed"},
    changed=201,
)


def dialect(*, forgejo: bool = False) -> Dialect:
    """Gitea's API, or Forgejo's."""
    return Dialect(
        prefix="/api/v1",
        authorized=_authorized,
        etags=False,
        open_paths=("/version",),
        routes=[
            ("GET", "/version", partial(_version, forgejo)),
            ("GET", REPO, _repository),
            ("GET", REPO + "/hooks", _hooks),
            ("GET", REPO + "/branches/(.+)", _branch),
            ("DELETE", REPO + "/branches/(.+)", _delete_branch),
            ("GET", REPO + "/commits/([0-9a-f]+)/statuses", _statuses),
            ("GET", REPO + "/actions/runs", partial(_runs, forgejo)),
            ("GET", REPO + "/pulls", _pulls),
            ("POST", REPO + "/pulls", _SHARED.opened),
            ("POST", REPO + r"/pulls/(\d+)/merge", _merge),
            *_SHARED.routes(),
        ],
    )
