"""One pull request, one merge and one comment, however often requests and answers get lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import BaseMovedError, ForgeError, StoppedError, UsageError
from forges.errors import NotYetError, RateLimitedError, RefusedError, UnreachableError
from forges.fake import FakeForge
from forges.persistence import Persistence
from forges.protocol import Issue, Pull, PullState, PullText
from forges.pulls import PullRequests
from tests.unit.gates.fakes import BASE, HEAD, FakeClock, FakeStop

TEXT = PullText(branch="feat/x", base="main", title="A-1: one", body="Task A-1\n")


def forge() -> FakeForge:
    return FakeForge(
        branches={"main": BASE, "feat/x": HEAD},
        issues={460: Issue(number=460, open=True, title="M1", url="")},
    )


def requests(fake: FakeForge, timeout: float = 300) -> PullRequests:
    clock = FakeClock()
    persistence = Persistence(
        timeout=timedelta(seconds=timeout), clock=clock, stop=FakeStop(clock), chance=lambda: 0.5
    )
    return PullRequests(forge=fake, persistence=persistence)


def raising(error: Exception, method: str, times: int = 1) -> Callable[[str], None]:
    left = times

    def fault(called: str) -> None:
        nonlocal left
        if called == method and left:
            left -= 1
            raise error

    return fault


LOST = UnreachableError("lost")


def test_opens_then_updates() -> None:
    fake = forge()

    first = requests(fake).open_or_update(TEXT)
    again = requests(fake).open_or_update(
        PullText(branch="feat/x", base="main", title="A-1: one", body="second attempt")
    )

    assert first.number == again.number
    assert fake.opened[first.number].body == "second attempt"
    assert len(fake.opened) == 1


def test_nothing_is_sent_when_it_says_that_already() -> None:
    fake = forge()
    requests(fake).open_or_update(TEXT)
    fake.before = raising(AssertionError("not needed"), "update_pull")

    requests(fake).open_or_update(TEXT)


def test_an_opened_pull_request_whose_answer_was_lost_is_found() -> None:
    fake = forge()
    fake.after = raising(LOST, "open_pull")

    requests(fake).open_or_update(TEXT)

    assert len(fake.opened) == 1


def test_merges_the_head_that_was_verified() -> None:
    fake = forge()
    pull = requests(fake).open_or_update(TEXT)

    merged = requests(fake).merge(pull.number, head=HEAD, title="t", message="m", base_commit=BASE)

    assert merged.state is PullState.MERGED
    assert merged.merge_commit == fake.branches["main"]


def test_another_head_is_not_merged() -> None:
    fake = forge()
    pull = requests(fake).open_or_update(TEXT)
    fake.branches["feat/x"] = "f" * 40

    with pytest.raises(ForgeError, match="has the head ffffffffff"):
        requests(fake).merge(pull.number, head=HEAD, title="t", message="m")

    assert fake.merges == []


def test_another_base_is_not_merged_onto() -> None:
    fake = forge()
    pull = requests(fake).open_or_update(TEXT)

    with pytest.raises(BaseMovedError):
        requests(fake).merge(pull.number, head=HEAD, title="t", message="m", base_commit=HEAD)

    assert fake.merges == []


def test_a_merge_whose_answer_was_lost_is_recognised() -> None:
    fake = forge()
    pull = requests(fake).open_or_update(TEXT)
    fake.after = raising(LOST, "merge")

    merged = requests(fake).merge(pull.number, head=HEAD, title="t", message="m", base_commit=BASE)

    assert merged.state is PullState.MERGED
    assert fake.merges == [pull.number]
    assert requests(fake).find("feat/x", "main", HEAD) == merged


def test_a_merge_that_was_done_before_a_crash_is_recognised() -> None:
    fake = forge()
    pull = requests(fake).open_or_update(TEXT)
    first = requests(fake).merge(pull.number, head=HEAD, title="t", message="m", base_commit=BASE)

    again = requests(fake).merge(pull.number, head=HEAD, title="t", message="m", base_commit=BASE)

    assert again == first
    assert fake.merges == [pull.number]


@pytest.mark.parametrize(
    "error", [NotYetError("405 try again", status=405), RateLimitedError("429", retry_after=None)]
)
def test_tries_again_when_it_is_told_to(error: Exception) -> None:
    fake = forge()
    pull = requests(fake).open_or_update(TEXT)
    fake.before = raising(error, "merge", times=3)

    requests(fake).merge(pull.number, head=HEAD, title="t", message="m")

    assert fake.merges == [pull.number]


def test_does_not_try_again_when_it_is_refused() -> None:
    fake = forge()
    pull = requests(fake).open_or_update(TEXT)
    fake.before = raising(RefusedError("405 not allowed", status=405), "merge")

    with pytest.raises(RefusedError):
        requests(fake).merge(pull.number, head=HEAD, title="t", message="m")


def test_a_refusal_after_a_lost_answer_is_waited_out() -> None:
    """The forge may be in the middle of the merge that we asked for."""
    fake = forge()
    pull = requests(fake).open_or_update(TEXT)
    answers = iter([LOST, RefusedError("409", status=409)])

    def before(method: str) -> None:
        if method == "merge":
            error = next(answers, None)
            if error:
                raise error

    fake.before = before

    requests(fake).merge(pull.number, head=HEAD, title="t", message="m")

    assert fake.merges == [pull.number]


class SchedulingForge(FakeForge):
    """Says 201 to a merge, and merges when its checks succeed."""

    asked = 0
    looks = 0

    def merge(self, number: int, *, head: str, title: str, message: str) -> bool:
        self.asked += 1
        return False

    def pull(self, number: int) -> Pull:
        self.looks += 1
        if self.asked and self.looks == 5:
            FakeForge.merge(self, number, head=HEAD, title="t", message="m")
        return super().pull(number)


def test_scheduled_is_not_merged_and_is_asked_for_once() -> None:
    fake = SchedulingForge(branches={"main": BASE, "feat/x": HEAD})
    pull = requests(fake).open_or_update(TEXT)

    merged = requests(fake).merge(pull.number, head=HEAD, title="t", message="m")

    assert merged.state is PullState.MERGED
    assert fake.asked == 1


def test_only_scheduled_until_the_time_is_up() -> None:
    fake = SchedulingForge(branches={"main": BASE, "feat/x": HEAD})
    pull = requests(fake).open_or_update(TEXT)
    fake.looks = 10

    with pytest.raises(NotYetError, match="scheduled"):
        requests(fake).merge(pull.number, head=HEAD, title="t", message="m")


def test_a_closed_pull_request_is_not_merged() -> None:
    fake = forge()
    pull = requests(fake).open_or_update(TEXT)
    fake.opened[pull.number] = replace(pull, state=PullState.CLOSED)

    with pytest.raises(ForgeError, match="closed without a merge"):
        requests(fake).merge(pull.number, head=HEAD, title="t", message="m")


@pytest.mark.parametrize("method", ["update_pull", "close_pull"])
def test_work_that_was_pushed_to_the_base_ends_its_pull_request_once(method: str) -> None:
    fake = forge()
    pull = requests(fake).open_or_update(TEXT)
    fake.after = raising(LOST, method)

    landed = replace(TEXT, body="It is on main.")
    requests(fake).settle(landed, head=HEAD, commit=BASE)
    again = requests(fake).settle(landed, head=HEAD, commit=BASE)

    assert again is None
    assert fake.opened[pull.number].state is PullState.CLOSED
    assert fake.opened[pull.number].body == "It is on main."
    assert fake.merges == []


def test_a_pull_request_with_new_work_stays_open() -> None:
    fake = forge()
    pull = requests(fake).open_or_update(TEXT)
    fake.branches["feat/x"] = "f" * 40

    assert requests(fake).settle(TEXT, head=HEAD, commit=BASE) is None
    assert fake.opened[pull.number].state is PullState.OPEN


def test_a_branch_with_new_work_is_not_deleted() -> None:
    fake = forge()

    assert not requests(fake).delete_branch("feat/x", head=BASE, base="main")
    assert requests(fake).delete_branch("feat/x", head=HEAD, base="main")
    assert requests(fake).delete_branch("feat/x", head=HEAD, base="main")
    assert "feat/x" not in fake.branches
    with pytest.raises(UsageError):
        requests(fake).delete_branch("main", head=BASE, base="main")


def test_closes_once() -> None:
    fake = forge()
    fake.after = raising(LOST, "close_issue")

    assert requests(fake).close_issue(460)
    assert not requests(fake).close_issue(460)


def test_comments_once() -> None:
    fake = forge()
    fake.after = raising(LOST, "add_comment")

    assert requests(fake).comment_once(460, "trial M1", "report")
    assert not requests(fake).comment_once(460, "trial M1", "report")
    assert requests(fake).comment_once(460, "trial M2", "report")
    assert len(fake.said[460]) == 2


def test_a_stop_ends_it() -> None:
    fake = forge()
    asking = requests(fake)
    asking.persistence.stop.request("Ctrl-C")

    with pytest.raises(StoppedError):
        asking.open_or_update(TEXT)


def test_gives_up_in_time() -> None:
    fake = forge()
    fake.before = raising(LOST, "pulls", times=10**6)
    asking = requests(fake, timeout=60)

    with pytest.raises(UnreachableError):
        asking.open_or_update(TEXT)

    assert asking.persistence.clock.monotonic() <= 60


@given(st.lists(st.sampled_from([None, "request", "answer"]), max_size=25))
def test_everything_happens_once_whatever_gets_lost(losses: list[str | None]) -> None:
    fake = forge()
    plan = iter(losses)
    loss: str | None = None

    def before(_method: str) -> None:
        nonlocal loss
        loss = next(plan, None)
        if loss == "request":
            raise LOST

    def after(_method: str) -> None:
        if loss == "answer":
            raise LOST

    fake.before, fake.after = before, after
    asking = requests(fake, timeout=10_000)

    pull = asking.open_or_update(TEXT)
    merged = asking.merge(pull.number, head=HEAD, title="t", message="m", base_commit=BASE)
    asking.delete_branch("feat/x", head=HEAD, base="main")
    asking.comment_once(460, "mark", "report")
    asking.close_issue(460)

    assert len(fake.opened) == 1
    assert fake.merges == [pull.number]
    assert fake.branches == {"main": merged.merge_commit}
    assert len(fake.said[460]) == 1
    assert not fake.issues[460].open
