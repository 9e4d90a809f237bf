"""Each adapter against a server that speaks its forge's API, with real git behind it."""

from __future__ import annotations

import subprocess

import pytest

from forges.errors import NotFoundError, NotYetError, RefusedError
from forges.persistence import Persistence
from forges.protocol import PullState, PullText
from forges.pulls import PullRequests
from forges.reports import CiState, newest
from gates.case import QueuePolicy
from gates.protocol import GateRequest, GateState, Purpose
from gates.queue_guard import QueueGuard
from tests.forge.ci import JobState
from tests.forge.faults import PAGES, Break, Fault
from tests.forge.model import git
from tests.integration.forges.conftest import Site
from tests.unit.gates.fakes import FakeClock, FakeStop


def text(body: str = "Task: A-1") -> PullText:
    return PullText(branch="feat/x", base="main", title="A-1: one", body=body)


def asking(site: Site) -> PullRequests:
    clock = FakeClock()
    return PullRequests(
        forge=site.forge, persistence=Persistence(clock=clock, stop=FakeStop(clock))
    )


def check(site: Site, purpose: Purpose, commit: str | None = None) -> tuple[GateState, str]:
    guard = QueueGuard(forge=site.forge, policy=QueuePolicy())
    verdict = guard.check(GateRequest(purpose=purpose, branch="feat/x", base="main", commit=commit))
    return verdict.state, verdict.reason


def test_pushing_needs_the_password(site: Site) -> None:
    git(site.checkout, "config", "--unset-all", f"http.{site.server.url}/.extraHeader")

    with pytest.raises(subprocess.CalledProcessError):
        git(site.checkout, "push", "-q", "origin", "main:other")

    assert "other" not in site.server.model.heads()


def test_branches(site: Site) -> None:
    head = site.push("feat/x")

    branch = site.forge.branch("feat/x")

    assert branch is not None
    assert branch.commit == head
    assert site.forge.branch("feat/y") is None


_STATES = {
    JobState.QUEUED: CiState.QUEUED,
    JobState.SUCCESS: CiState.GREEN,
    JobState.FAILURE: CiState.RED,
    JobState.SKIPPED: CiState.SKIPPED,
    JobState.ODD: CiState.UNKNOWN,
}


def test_states(site: Site) -> None:
    head = site.push("feat/x")
    for state, wanted in _STATES.items():
        site.server.model.ci.of(head)[0].script = [state]

        reports = site.forge.reports(head)

        assert {report.state for report in reports} == {wanted}
        assert {report.commit for report in reports} == {head}


def test_cancelled_is_never_green(site: Site) -> None:
    site.server.model.ci.start = (JobState.CANCELLED,)
    head = site.push("feat/x")

    assert check(site, Purpose.MERGE, head)[0] is GateState.FAILED


def test_running_is_busy_until_it_is_released(site: Site) -> None:
    site.server.model.ci.start = (JobState.RUNNING,)
    head = site.push("feat/x")

    assert check(site, Purpose.MERGE, head)[0] is GateState.BUSY
    assert check(site, Purpose.PUSH)[0] is GateState.BUSY
    site.server.model.ci.release()
    assert check(site, Purpose.MERGE, head) == (GateState.CLEAR, "green")
    assert check(site, Purpose.PUSH) == (GateState.CLEAR, "idle")


def test_a_run_of_an_older_commit_keeps_the_branch_busy(site: Site) -> None:
    site.server.model.ci.start = (JobState.RUNNING,)
    site.push("feat/x", "one")
    site.server.model.ci.start = (JobState.SUCCESS,)
    site.push("feat/x", "two")

    assert check(site, Purpose.PUSH) == (GateState.BUSY, "running")


def test_nothing_registered_is_not_clear(site: Site) -> None:
    site.server.model.ci.names = ()
    head = site.push("feat/x")

    assert check(site, Purpose.MERGE, head) == (GateState.BUSY, "not-registered-yet")


def test_the_forge_proves_that_there_is_no_ci(site: Site) -> None:
    site.server.model.ci.jobs.clear()
    site.server.model.ci.names = ()
    head = site.push("feat/x")
    site.server.model.has_ci = False

    assert site.forge.has_ci(head) is False
    assert check(site, Purpose.MERGE, head) == (GateState.CLEAR, "no-ci")


def test_long_lists_are_read_whole(site: Site) -> None:
    ci = site.server.model.ci
    ci.names = tuple(f"job {number}" for number in range(120))
    head = site.push("feat/x")

    statuses = [r for r in newest(site.forge.reports(head)) if r.source in ("status", "check")]

    assert len(statuses) == 120


def test_broken_pages_never_hide_a_red_job(site: Site) -> None:
    ci = site.server.model.ci
    ci.names = tuple(f"job {number}" for number in range(120))
    head = site.push("feat/x")
    ci.of(head)[50].script = [JobState.FAILURE]  # the first of its page where pages hold 50
    ci.of(head)[100].script = [JobState.FAILURE]
    for kind in PAGES:
        site.server.faults.clear()
        site.server.faults.add(Fault(kind=kind, times=1000))

        assert check(site, Purpose.MERGE, head)[0] is not GateState.CLEAR


def test_a_required_context_of_the_base(site: Site) -> None:
    head = site.push("feat/x")
    site.server.model.required = ("security",)
    # GitLab's protection of branches names no contexts.
    named = site.server.kind != "gitlab"

    state = check(site, Purpose.MERGE, head)

    assert state == (
        (GateState.BUSY, "not-registered-yet") if named else (GateState.CLEAR, "green")
    )


def test_one_pull_request(site: Site) -> None:
    head = site.push("feat/x")

    first = asking(site).open_or_update(text())
    again = asking(site).open_or_update(text("Task: A-1, attempt 2"))

    assert first.number == again.number
    assert again.head == head
    assert site.forge.pull(first.number).body == "Task: A-1, attempt 2"
    assert len(site.server.model.pulls) == 1


def test_merge_confirm_delete(site: Site) -> None:
    base = site.base
    head = site.push("feat/x")
    pull = asking(site).open_or_update(text())

    merged = asking(site).merge(
        pull.number, head=head, title="A-1: one", message="Task: A-1", base_commit=base
    )
    git(site.checkout, "fetch", "-q", "origin")
    told = git(site.checkout, "log", "-1", "--format=%H %P%n%B", "origin/main")

    assert merged.state is PullState.MERGED
    assert told.splitlines()[0] == f"{merged.merge_commit} {base}"
    assert told.splitlines()[1:] == ["A-1: one", "", "Task: A-1"]
    assert asking(site).delete_branch("feat/x", head=head, base="main")
    assert asking(site).delete_branch("feat/x", head=head, base="main")
    assert "feat/x" not in site.server.model.heads()
    assert asking(site).find("feat/x", "main", head) == merged


def test_a_merge_that_is_not_possible_yet(site: Site) -> None:
    site.server.model.mergeable_after = 2
    head = site.push("feat/x")
    pull = asking(site).open_or_update(text())

    with pytest.raises(NotYetError):
        site.forge.merge(pull.number, head=head, title="t", message="m")
    asking(site).merge(pull.number, head=head, title="t", message="m")

    assert site.server.model.merges == [pull.number]


def test_a_conflict_is_refused_at_once(site: Site) -> None:
    head = site.push("feat/x", "ours")
    git(site.checkout, "checkout", "-q", "main")
    (site.checkout / "feat-x.txt").write_text("theirs")
    git(site.checkout, "add", "-A")
    git(site.checkout, "commit", "-q", "-m", "in the way")
    git(site.checkout, "push", "-q", "origin", "main")
    pull = asking(site).open_or_update(text())

    with pytest.raises(RefusedError):
        asking(site).merge(pull.number, head=head, title="t", message="m")

    assert site.server.model.merges == []


def test_another_head_is_refused_by_the_forge_itself(site: Site) -> None:
    head = site.push("feat/x")
    pull = asking(site).open_or_update(text())
    site.push("feat/x", "more")

    with pytest.raises(RefusedError):
        site.forge.merge(pull.number, head=head, title="t", message="m")

    assert site.server.model.merges == []


def test_a_merge_whose_answer_is_lost(site: Site) -> None:
    head = site.push("feat/x")
    pull = asking(site).open_or_update(text())
    site.server.faults.add(Fault(kind=Break.LOSE, path=".*/merge"))

    merged = asking(site).merge(pull.number, head=head, title="t", message="m")

    assert merged.state is PullState.MERGED
    assert site.server.model.merges == [pull.number]


def test_a_pull_request_whose_answer_is_lost(site: Site) -> None:
    site.push("feat/x")
    site.server.faults.add(Fault(kind=Break.LOSE, method="POST"))

    asking(site).open_or_update(text())

    assert len(site.server.model.pulls) == 1


def test_scheduled_is_not_merged(site: Site) -> None:
    site.server.model.schedules_merges = True
    head = site.push("feat/x")
    pull = asking(site).open_or_update(text())

    with pytest.raises(NotYetError, match="scheduled"):
        asking(site).merge(pull.number, head=head, title="t", message="m")

    assert sum(method in ("PUT", "POST") and "/merge" in path and path.endswith("merge")
               for method, path in site.server.requests) == 1  # fmt: skip


def test_an_issue_is_closed_and_commented_once(site: Site) -> None:
    issue = site.server.model.add_issue(460)
    site.server.faults.add(Fault(kind=Break.LOSE, method="POST"))
    site.server.faults.add(Fault(kind=Break.LOSE, method="PATCH|PUT"))

    assert asking(site).comment_once(460, "trial/A", "the report")
    assert not asking(site).comment_once(460, "trial/A", "the report")
    assert asking(site).close_issue(460)
    assert not asking(site).close_issue(460)
    assert (len(issue.comments), issue.closings) == (1, 1)


def test_many_comments_are_looked_through(site: Site) -> None:
    issue = site.server.model.add_issue(460)
    asking(site).comment_once(460, "trial/A", "the report")
    issue.comments += [(1000 + number, "chat") for number in range(150)]

    assert not asking(site).comment_once(460, "trial/A", "the report")


def test_open_issues_of_a_label_are_read_whole(site: Site) -> None:
    model = site.server.model
    for number in range(1, 131):
        issue = model.add_issue(number, f"issue {number}")
        issue.labels, issue.body = ("mission", "later")[: 1 + number % 2], f"body {number}"
    model.add_issue(200).labels = ("later",)
    model.close_issue(7)

    found = site.forge.open_issues("mission")

    assert [issue.number for issue in found] == [*range(1, 7), *range(8, 131)]
    assert (found[0].title, found[0].body, found[0].open) == ("issue 1", "body 1", True)
    assert site.forge.open_issues("no such label") == ()


def test_a_pull_request_with_the_label_is_no_issue(site: Site) -> None:
    site.push("feat/a")
    site.forge.open_pull(PullText(branch="feat/a", base="main", title="t", body=""))
    site.server.model.add_issue(50).labels = ("mission",)

    assert [issue.number for issue in site.forge.open_issues("mission")] == [50]


def test_a_missing_issue(site: Site) -> None:
    with pytest.raises(NotFoundError):
        asking(site).close_issue(999)
