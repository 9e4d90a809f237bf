"""The judge tells all states of CI apart, and says clear only on proof."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forges.reports import BranchReading, CiReport, CiState, newest
from gates.case import Case, QueuePolicy, Reason, Sighting
from gates.judgement import judge
from gates.protocol import GateRequest, GateState, Purpose
from tests.unit.gates.fakes import BASE, HEAD

S = CiState
OLD = timedelta(hours=1)
FRESH = timedelta(seconds=1)


def report(
    state: CiState, *, commit: str = HEAD, context: str = "build", number: int = 1
) -> CiReport:
    return CiReport(
        source="status",
        context=context,
        group="",
        number=number,
        state=state,
        word=state.value,
        commit=commit,
    )


def sighting(
    *reports: CiReport,
    branch: str = "feat/x",
    commit: str | None = HEAD,
    active: tuple[CiReport, ...] = (),
    known_for: timedelta = OLD,
    required: tuple[str, ...] = (),
    has_ci: bool | None = None,
) -> Sighting:
    reading = BranchReading(
        branch=branch,
        commit=commit,
        reports=newest(reports),
        active=active,
        required=required,
        has_ci=has_ci,
    )
    return Sighting(reading=reading, known_for=known_for)


QUIET_BASE = sighting(report(S.GREEN, commit=BASE), branch="main", commit=BASE)


def asked(
    purpose: Purpose,
    head: Sighting,
    base: Sighting = QUIET_BASE,
    policy: QueuePolicy | None = None,
    *,
    commit: str | None = None,
    base_commit: str | None = None,
) -> tuple[GateState, Reason]:
    request = GateRequest(
        purpose=purpose, branch="feat/x", base="main", commit=commit, base_commit=base_commit
    )
    case = Case(request=request, head=head, base=base, policy=policy or QueuePolicy())
    judgement = judge(case)
    assert "\n" not in judgement.detail
    return judgement.state, judgement.reason


CLEAR, BUSY, FAILED, UNKNOWN = GateState
PUSH, MERGE = Purpose


@pytest.mark.parametrize(
    ("state", "push", "merge"),
    [
        (S.GREEN, (CLEAR, Reason.IDLE), (CLEAR, Reason.GREEN)),
        (S.RED, (CLEAR, Reason.IDLE), (FAILED, Reason.RED)),
        (S.CANCELLED, (CLEAR, Reason.IDLE), (FAILED, Reason.CANCELLED)),
        (S.QUEUED, (BUSY, Reason.QUEUED), (BUSY, Reason.QUEUED)),
        (S.RUNNING, (BUSY, Reason.RUNNING), (BUSY, Reason.RUNNING)),
        (S.HELD, (CLEAR, Reason.IDLE), (BUSY, Reason.HELD)),
        (S.SKIPPED, (CLEAR, Reason.IDLE), (UNKNOWN, Reason.SKIPPED)),
        (S.STALE, (CLEAR, Reason.IDLE), (UNKNOWN, Reason.STALE)),
        (S.UNKNOWN, (UNKNOWN, Reason.UNKNOWN), (UNKNOWN, Reason.UNKNOWN)),
    ],
)
def test_each_state(
    state: CiState, push: tuple[GateState, Reason], merge: tuple[GateState, Reason]
) -> None:
    head = sighting(report(state))

    assert asked(PUSH, head) == push
    assert asked(MERGE, head) == merge


def test_red_ends_a_merge_while_others_still_run() -> None:
    head = sighting(report(S.RED), report(S.RUNNING, context="slow"))

    assert asked(MERGE, head) == (FAILED, Reason.RED)
    assert asked(PUSH, head) == (BUSY, Reason.RUNNING)


def test_a_repetition_replaces_what_it_repeats() -> None:
    head = sighting(report(S.RED, number=1), report(S.GREEN, number=2))

    assert asked(MERGE, head) == (CLEAR, Reason.GREEN)


def test_a_fresh_head_without_report_is_waited_for() -> None:
    head = sighting(known_for=FRESH)

    assert asked(PUSH, head) == (BUSY, Reason.NOT_REGISTERED_YET)
    assert asked(MERGE, head) == (BUSY, Reason.NOT_REGISTERED_YET)


def test_a_head_without_report_is_never_clear_by_itself() -> None:
    assert asked(PUSH, sighting()) == (UNKNOWN, Reason.NEVER_REGISTERED)
    assert asked(MERGE, sighting()) == (UNKNOWN, Reason.NEVER_REGISTERED)


def test_configuration_may_let_such_a_head_be_pushed_but_not_merged() -> None:
    policy = QueuePolicy(idle_without_report=True)

    assert asked(PUSH, sighting(), policy=policy) == (CLEAR, Reason.IDLE)
    assert asked(PUSH, sighting(known_for=FRESH), policy=policy)[0] is BUSY
    assert asked(MERGE, sighting(), policy=policy) == (UNKNOWN, Reason.NEVER_REGISTERED)


def test_no_ci_where_configuration_or_forge_says_so() -> None:
    without = sighting(has_ci=False)
    base = sighting(branch="main", commit=BASE, has_ci=False)

    assert asked(MERGE, sighting(), policy=QueuePolicy(no_ci=True)) == (CLEAR, Reason.NO_CI)
    assert asked(MERGE, without, base) == (CLEAR, Reason.NO_CI)
    assert asked(PUSH, without, base) == (CLEAR, Reason.NO_CI)


def test_a_required_context_outweighs_the_forges_word_that_there_is_no_ci() -> None:
    policy = QueuePolicy(required=("build",))
    base = sighting(branch="main", commit=BASE, has_ci=False)

    state = asked(MERGE, sighting(has_ci=False), base, policy)

    assert state == (UNKNOWN, Reason.NEVER_REGISTERED)


def test_required_contexts() -> None:
    policy = QueuePolicy(required=("woodpecker/*/test",))
    lint = report(S.GREEN, context="lint")
    test = report(S.GREEN, context="woodpecker/push/test")
    skipped = report(S.SKIPPED, context="woodpecker/push/test")

    assert asked(MERGE, sighting(lint), policy=policy) == (UNKNOWN, Reason.NEVER_REGISTERED)
    assert asked(MERGE, sighting(lint, known_for=FRESH), policy=policy)[0] is BUSY
    assert asked(MERGE, sighting(lint, skipped), policy=policy) == (UNKNOWN, Reason.SKIPPED)
    assert asked(MERGE, sighting(lint, test), policy=policy) == (CLEAR, Reason.GREEN)
    assert asked(PUSH, sighting(lint), policy=policy) == (CLEAR, Reason.IDLE)


def test_the_bases_protection_requires_too() -> None:
    base = sighting(
        report(S.GREEN, commit=BASE), branch="main", commit=BASE, required=("security",)
    )

    state = asked(MERGE, sighting(report(S.GREEN)), base)

    assert state == (UNKNOWN, Reason.NEVER_REGISTERED)


def test_skipped_counts_when_it_may() -> None:
    policy = QueuePolicy(required=("build",), accept_skipped=True)

    assert asked(MERGE, sighting(report(S.SKIPPED)), policy=policy) == (CLEAR, Reason.GREEN)


def test_skipped_beside_green_is_green() -> None:
    head = sighting(report(S.GREEN), report(S.SKIPPED, context="deploy"))

    assert asked(MERGE, head) == (CLEAR, Reason.GREEN)


def test_reports_about_another_commit_prove_nothing() -> None:
    head = sighting(report(S.GREEN, commit=BASE))

    assert asked(MERGE, head)[0] is UNKNOWN
    assert asked(MERGE, sighting(report(S.GREEN), report(S.GREEN, commit=BASE, context="b"))) == (
        UNKNOWN,
        Reason.STALE,
    )


def test_the_head_must_be_the_one_that_was_asked_about() -> None:
    head = sighting(report(S.GREEN))

    assert asked(MERGE, head, commit=HEAD)[0] is CLEAR
    assert asked(MERGE, head, commit=BASE) == (UNKNOWN, Reason.STALE)
    assert asked(MERGE, sighting(commit=None)) == (UNKNOWN, Reason.STALE)
    # A push brings the commit; it need not be there.
    assert asked(PUSH, head, commit=BASE)[0] is CLEAR
    assert asked(PUSH, sighting(commit=None))[0] is CLEAR


def test_the_base_must_be_the_one_that_was_verified() -> None:
    head = sighting(report(S.GREEN))

    assert asked(MERGE, head, base_commit=BASE)[0] is CLEAR
    assert asked(MERGE, head, base_commit=HEAD) == (FAILED, Reason.BASE_MOVED)
    no_ci = QueuePolicy(no_ci=True)
    assert asked(MERGE, head, policy=no_ci, base_commit=HEAD) == (FAILED, Reason.BASE_MOVED)


def test_the_base_is_waited_for_too() -> None:
    busy = sighting(report(S.RUNNING, commit=BASE), branch="main", commit=BASE)
    gone = sighting(branch="main", commit=None)

    assert asked(PUSH, sighting(report(S.GREEN)), busy) == (BUSY, Reason.RUNNING)
    assert asked(MERGE, sighting(report(S.GREEN)), busy) == (BUSY, Reason.RUNNING)
    assert asked(PUSH, sighting(report(S.GREEN)), gone) == (UNKNOWN, Reason.UNKNOWN)


def test_a_run_of_an_older_commit_still_counts_as_busy() -> None:
    older = report(S.QUEUED, commit="c" * 40)
    head = sighting(report(S.GREEN), active=(older,))

    assert asked(PUSH, head) == (BUSY, Reason.QUEUED)
    assert asked(MERGE, head) == (BUSY, Reason.QUEUED)


reports = st.builds(
    report,
    st.sampled_from(S),
    commit=st.sampled_from([HEAD, BASE]),
    context=st.sampled_from(["build", "lint"]),
    number=st.integers(1, 4),
)
sightings = st.builds(
    sighting,
    commit=st.sampled_from([HEAD, BASE, None]),
    active=st.lists(reports, max_size=2).map(tuple),
    known_for=st.sampled_from([FRESH, OLD]),
    required=st.sampled_from([(), ("build",)]),
    has_ci=st.sampled_from([None, False]),
)


def _with(reports: list[CiReport], found: Sighting) -> Sighting:
    return sighting(
        *reports,
        commit=found.reading.commit,
        active=found.reading.active,
        known_for=found.known_for,
        required=found.reading.required,
        has_ci=found.reading.has_ci,
    )


@given(
    purpose=st.sampled_from(Purpose),
    head=st.builds(_with, st.lists(reports, max_size=5), sightings),
    base=st.builds(_with, st.lists(reports, max_size=5), sightings),
    accept_skipped=st.booleans(),
    idle_without_report=st.booleans(),
    commit=st.sampled_from([None, HEAD, BASE]),
    base_commit=st.sampled_from([None, HEAD, BASE]),
)
def test_clear_is_always_proven(
    *,
    purpose: Purpose,
    head: Sighting,
    base: Sighting,
    accept_skipped: bool,
    idle_without_report: bool,
    commit: str | None,
    base_commit: str | None,
) -> None:
    policy = QueuePolicy(accept_skipped=accept_skipped, idle_without_report=idle_without_report)
    state, _reason = asked(purpose, head, base, policy, commit=commit, base_commit=base_commit)
    if state is not CLEAR:
        return
    assert base_commit in (None, base.reading.commit)
    for seen in (head, base):
        assert not any(r.state in (S.QUEUED, S.RUNNING, S.UNKNOWN) for r in seen.reports)
        assert not seen.reading.active or all(
            r.state not in (S.QUEUED, S.RUNNING, S.UNKNOWN) for r in seen.reading.active
        )
    if purpose is MERGE:
        proof = {S.GREEN, S.SKIPPED} if accept_skipped else {S.GREEN}
        assert head.reading.commit is not None
        assert commit in (None, head.reading.commit)
        assert all(r.state in (S.GREEN, S.SKIPPED) for r in head.reports)
        assert head.reading.has_ci is False or any(r.state in proof for r in head.reports)
        for context in base.reading.required:
            assert any(r.context == context and r.state in proof for r in head.reports)
