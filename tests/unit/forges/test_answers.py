"""Answers of forges: told apart by status, read by shape, without secrets in what is said."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import ForgeError
from forges import gitea_answers, github_answers, gitlab_answers
from forges.answers import Answer, checked
from forges.errors import (
    CredentialsError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
    UnreadableAnswerError,
)


def answer(status: int = 200, body: object = None, **headers: str) -> Answer:
    return Answer(
        method="GET",
        path="/repos/a/b",
        host="git.example.org",
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=json.dumps(body).encode(),
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, RefusedError),
        (304, RefusedError),
        (400, RefusedError),
        (401, CredentialsError),
        (403, CredentialsError),
        (404, NotFoundError),
        (405, RefusedError),
        (408, UnreachableError),
        (409, RefusedError),
        (429, RateLimitedError),
        (500, UnreachableError),
        (503, UnreachableError),
    ],
)
def test_statuses(status: int, kind: type[ForgeError]) -> None:
    with pytest.raises(kind) as caught:
        checked(answer(status, {"message": "no"}), ())

    assert type(caught.value) is kind
    assert f"answered GET /repos/a/b with {status}: no" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (403, {"message": "You have exceeded a secondary rate limit"}, {}),
        (403, {}, {"x_ratelimit_remaining": "0"}),
        (503, {}, {"retry_after": "5"}),
    ],
)
def test_rate_limits_in_disguise(status: int, body: object, headers: dict[str, str]) -> None:
    with pytest.raises(RateLimitedError):
        checked(answer(status, body, **headers), ())


DATE = "Sun, 19 Apr 2026 10:00:00 GMT"
TEN = int(datetime(2026, 4, 19, 10, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({}, None),
        ({"retry_after": "77"}, 77),
        ({"retry_after": "Sun, 19 Apr 2026 10:01:17 GMT"}, 77),
        ({"retry_after": "Sun, 19 Apr 2026 09:00:00 GMT"}, 0),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-5"}, None),
        ({"x_ratelimit_reset": str(TEN + 77)}, 77),
        ({"ratelimit_reset": str(TEN + 77)}, 77),
        ({"retry_after": "7", "x_ratelimit_reset": str(TEN + 77)}, 7),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], wanted: int | None) -> None:
    with pytest.raises(RateLimitedError) as caught:
        checked(answer(429, {}, date=DATE, **headers), ())

    expected = None if wanted is None else timedelta(seconds=wanted)
    assert caught.value.retry_after == expected


@given(
    status=st.integers(100, 599),
    body=st.binary(max_size=60),
    headers=st.dictionaries(
        st.sampled_from(["retry-after", "date", "x-ratelimit-reset", "x-ratelimit-remaining"]),
        st.text(max_size=40) | st.integers().map(str),
    ),
)
def test_whatever_it_says_only_2xx_is_yes(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    said = Answer(method="GET", path="/x", host="h", status=status, headers=headers, body=body)
    if 200 <= status < 300:
        assert checked(said, ()) is said
        return
    with pytest.raises(ForgeError) as caught:
        checked(said, ())
    assert "\n" not in caught.value.message


def test_words_are_one_line_without_secrets() -> None:
    message = "token s3cret \x1b[31m\nis wrong " + "x" * 500

    with pytest.raises(RefusedError) as caught:
        checked(answer(422, {"message": message}), ("s3cret",))

    assert "s3cret" not in str(caught.value)
    assert caught.value.words.startswith("token ***  [31m is wrong")
    assert len(caught.value.words) == 200


@pytest.mark.parametrize("body", [b"<html>", b"[" * 100_000, b"\xff", b'{"version": 1}', b""])
def test_another_shape_is_unreadable(body: bytes) -> None:
    said = Answer(method="GET", path="/version", host="h", status=200, headers={}, body=body)

    with pytest.raises(UnreadableAnswerError, match="something else than its API describes"):
        said.read(gitea_answers.VERSION)


def test_gitea_writes_no_list_and_no_time_in_its_own_way() -> None:
    status = {
        "id": 1,
        "status": "pending",
        "context": "woodpecker/push/build",
        "description": "Pipeline is pending",
        "target_url": "https://ci.example.org/repos/1/pipeline/7",
        "url": "https://git.example.org/api/v1/repos/a/b/statuses/c0ffee",
        "creator": None,
        "created_at": "2026-04-19T12:00:00+02:00",
        "updated_at": "0001-01-01T00:00:00Z",
    }

    (read,) = answer(body=[status]).read(gitea_answers.STATUSES)

    assert read.updated_at is None
    assert answer(body=None).read(gitea_answers.STATUSES) == []
    assert answer(body={"total_count": 0, "workflow_runs": None}).read(gitea_answers.RUNS)


def test_forgejo_and_gitea_name_the_parts_of_a_run_differently() -> None:
    gitea = {"id": 1, "status": "queued", "conclusion": "", "head_sha": "c", "head_branch": "main",
             "path": "ci.yml@refs/heads/main", "event": "push"}  # fmt: skip
    forgejo = {"id": 1, "status": "waiting", "commit_sha": "c", "prettyref": "main",
               "workflow_id": "ci.yml", "event": "push", "trigger_event": "push"}  # fmt: skip

    runs = answer(body={"total_count": 2, "workflow_runs": [gitea, forgejo]}).read(
        gitea_answers.RUNS
    )

    assert {(run.commit, run.branch) for run in runs.workflow_runs} == {("c", "main")}


def test_github_says_pending_when_there_is_no_status_at_all() -> None:
    combined = answer(
        body={"state": "pending", "statuses": [], "sha": "c", "total_count": 0, "repository": {}}
    ).read(github_answers.COMBINED)

    assert combined.statuses == []


def test_gitlab_leaves_out_what_it_does_not_compute() -> None:
    pipeline = {"id": 46, "iid": 11, "project_id": 1, "sha": "c", "ref": "main",
                "status": "waiting_for_resource", "source": "push"}  # fmt: skip

    (read,) = answer(body=[pipeline]).read(gitlab_answers.PIPELINES)

    assert read.created_at is None
