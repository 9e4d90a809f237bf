"""The used endpoints of GitHub's REST API, version 2022-11-28, as an Enterprise server has them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from tests.forge.api import Ask, Dialect, Json, Reply, page
from tests.forge.ci import Job, JobState
from tests.forge.github_style import REPO, PullsAndIssues
from tests.forge.model import ForgePull, RefusalError

_MOST = 100
_WORDS = {
    JobState.QUEUED: ("queued", None),
    JobState.RUNNING: ("in_progress", None),
    JobState.ODD: ("paused", None),
}


def _authorized(headers: Mapping[str, str], token: str) -> bool:
    version = headers.get("x-github-api-version") == "2022-11-28"
    return headers.get("authorization") == f"Bearer {token}" and version


def _list(ask: Ask, entries: list[Json]) -> Reply:
    shown, headers = page(ask, entries, size_name="per_page", most=_MOST)
    return Reply(body=shown, headers=headers)


def _counted(ask: Ask, name: str, entries: list[Json], **more: Json) -> Reply:
    shown, headers = page(ask, entries, size_name="per_page", most=_MOST)
    body = {"total_count": len(entries), name: shown, **more}
    return Reply(body=body, headers=headers)


def _said(state: JobState) -> tuple[str, str | None]:
    return _WORDS.get(state, ("completed", state.value))


def _branch(ask: Ask, name: str) -> Reply:
    commit = ask.model.heads().get(unquote(name))
    if commit is None:
        raise RefusalError(404, "Branch not found")
    required = list(ask.model.required)
    return Reply(
        body={
            "name": unquote(name),
            "commit": {"sha": commit},
            "protected": bool(required),
            "protection": {
                "enabled": bool(required),
                "required_status_checks": {"enforcement_level": "off", "contexts": required},
            },
        }
    )


def _check_runs(ask: Ask, commit: str) -> Reply:
    return _counted(ask, "check_runs", [_check_run(job) for job in ask.model.ci.of(commit)])


def _check_run(job: Job) -> Json:
    status, conclusion = _said(job.look())
    return {
        "id": job.id,
        "name": job.name,
        "head_sha": job.commit,
        "status": status,
        "conclusion": conclusion,
        "started_at": job.created,
        "check_suite": {"id": 1},
    }


def _combined(ask: Ask, commit: str) -> Reply:
    # Nothing reports statuses here; then GitHub says that the state is pending.
    return _counted(ask, "statuses", [], state="pending", sha=commit)


def _runs(ask: Ask) -> Reply:
    commit, wanted = ask.first("head_sha"), ask.first("status")
    jobs = [job for job in reversed(ask.model.ci.jobs) if commit in ("", job.commit)]
    runs = [_run(job) for job in jobs]
    return _counted(
        ask,
        "workflow_runs",
        [run for run in runs if wanted in ("", run["status"], run["conclusion"])],
    )


def _run(job: Job) -> Json:
    status, conclusion = _said(job.script[0])
    return {
        "id": job.id,
        "name": job.name,
        "path": f".github/workflows/{job.name}.yml",
        "event": "push",
        "head_sha": job.commit,
        "head_branch": job.branch,
        "status": status,
        "conclusion": conclusion,
        "run_started_at": job.created,
    }


def _workflows(ask: Ask) -> Reply:
    return _counted(ask, "workflows", [{"id": 1}] if ask.model.has_ci else [])


def _suites(ask: Ask, commit: str) -> Reply:
    jobs = ask.model.ci.of(commit)
    return _counted(ask, "check_suites", [{"id": 1, "head_sha": commit}] if jobs else [])


def _hooks(ask: Ask) -> Reply:
    return _list(ask, [])


def _delete_ref(ask: Ask, name: str) -> Reply:
    try:
        ask.model.delete_branch(unquote(name))
    except RefusalError as refusal:
        raise RefusalError(422, "Reference does not exist") from refusal
    return Reply(status=204)


def _pull(ask: Ask, pull: ForgePull) -> Json:
    repository = {"full_name": ask.model.name}
    return {
        "number": pull.number,
        "html_url": f"{ask.root}/{ask.model.name}/pull/{pull.number}",
        "state": pull.state,
        "merged_at": "2026-04-19T10:00:00Z" if pull.merged else None,
        # Before the merge GitHub names a trial merge here.
        "merge_commit_sha": pull.merge_commit or "e" * 40,
        "title": pull.title,
        "body": pull.body,
        "head": {"ref": pull.branch, "sha": pull.head, "repo": repository},
        "base": {"ref": pull.base, "sha": ask.model.heads()[pull.base], "repo": repository},
    }


def _pulls(ask: Ask) -> Reply:
    owner = ask.model.name.partition("/")[0]
    wanted = ask.first("state", "open")
    pulls = [
        pull
        for pull in ask.model.pulls.values()
        if wanted in ("all", pull.state)
        and ask.first("head") in ("", f"{owner}:{pull.branch}")
        and ask.first("base") in ("", pull.base)
    ]
    return _list(ask, [_pull(ask, pull) for pull in reversed(pulls)])


def _open_pull(ask: Ask) -> Reply:
    try:
        return _SHARED.opened(ask)
    except RefusalError as refusal:
        raise RefusalError(422, f"Validation Failed: {refusal.message}") from refusal


def _merge(ask: Ask, number: str) -> Reply:
    if ask.body["merge_method"] != "squash":
        raise RefusalError(405, "Squash merges only")
    message = f"{ask.body['commit_title']}\n\n{ask.body['commit_message']}"
    try:
        merged = ask.model.merge(int(number), head=ask.body["sha"], message=message)
    except RefusalError as refusal:
        if refusal.status == 405 and refusal.message:
            words = "Base branch was modified. Review and try the merge again."
            raise RefusalError(405, words) from refusal
        raise
    sha = ask.model.pull(int(number)).merge_commit
    return Reply(body={"sha": sha, "merged": merged, "message": ""})


_SHARED = PullsAndIssues(
    show_pull=_pull,
    listing=_list,
    paged_comments=True,
    closes={"state": "closed", "state_reason": "completed"},
    changed=200,
)


def dialect() -> Dialect:
    """GitHub's API."""
    commit = REPO + "/commits/([0-9a-f]+)"
    return Dialect(
        prefix="/api/v3",
        authorized=_authorized,
        etags=True,
        routes=[
            ("GET", REPO + "/branches/(.+)", _branch),
            ("GET", commit + "/check-runs", _check_runs),
            ("GET", commit + "/check-suites", _suites),
            ("GET", commit + "/status", _combined),
            ("GET", REPO + "/actions/runs", _runs),
            ("GET", REPO + "/actions/workflows", _workflows),
            ("GET", REPO + "/hooks", _hooks),
            ("DELETE", REPO + "/git/refs/heads/(.+)", _delete_ref),
            ("GET", REPO + "/pulls", _pulls),
            ("POST", REPO + "/pulls", _open_pull),
            ("PUT", REPO + r"/pulls/(\d+)/merge", _merge),
            *_SHARED.routes(),
        ],
    )
