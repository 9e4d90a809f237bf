"""Judges what CI reports: may this push or merge go ahead? Pure, and closed unless proven open.

A push asks for quiet: nothing queued or running on its branch and on the base. A merge asks for
quiet too, for proof that the branch's head is green, and for the base that was verified. Both are
a list of rules; the first that has something to say decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from forges.reports import CiReport, CiState
from gates.case import Case, Judgement, Reason, Sighting, short
from gates.protocol import GateState, Purpose


def judge(case: Case) -> Judgement:
    """May the request go ahead, given what was just read of its branch and of the base?"""
    for rule in _RULES[case.request.purpose]:
        judgement = rule(case)
        if judgement is not None:
            return judgement
    return _unknown(Reason.UNKNOWN, "nothing speaks for it")


def _base_moved(case: Case) -> Judgement | None:
    verified, found = case.request.base_commit, case.base.reading.commit
    if verified is None or verified == found:
        return None
    base = case.request.base
    detail = f"{base} is at {short(found)}, and not at {short(verified)}, which was verified"
    return Judgement(state=GateState.FAILED, reason=Reason.BASE_MOVED, detail=detail)


def _configured_without_ci(case: Case) -> Judgement | None:
    if not case.policy.no_ci:
        return None
    return _clear(Reason.NO_CI, "the configuration says that there is no CI")


def _base_missing(case: Case) -> Judgement | None:
    """Forges answer alike when a repository is hidden from the token."""
    if case.base.reading.commit is not None:
        return None
    detail = f"{case.request.base} is not on the forge, or the token may not see the repository"
    return _unknown(Reason.UNKNOWN, detail)


def _head_elsewhere(case: Case) -> Judgement | None:
    branch, wanted, found = case.request.branch, case.request.commit, case.head.reading.commit
    if found is None:
        return _unknown(Reason.STALE, f"{branch} is not on the forge")
    if wanted not in (None, found):
        detail = f"the forge has {branch} at {short(found)}, and not at {short(wanted)}"
        return _unknown(Reason.STALE, detail)
    return None


def _red(case: Case) -> Judgement | None:
    return _ended_badly(case.head, CiState.RED, Reason.RED)


def _cancelled(case: Case) -> Judgement | None:
    return _ended_badly(case.head, CiState.CANCELLED, Reason.CANCELLED)


def _ended_badly(head: Sighting, state: CiState, reason: Reason) -> Judgement | None:
    bad = [report for report in head.reports if report.state is state]
    if not bad:
        return None
    detail = f"{reason}: {_names(bad)} on {head.name}"
    return Judgement(state=GateState.FAILED, reason=reason, detail=detail)


def _active(case: Case) -> Judgement | None:
    """Something runs or waits for its turn, or says a word that may mean that."""
    for sighting in case.sightings:
        seen = (*sighting.reports, *sighting.reading.active)
        unknown = [r for r in seen if r.state is CiState.UNKNOWN]
        if unknown:
            words = ", ".join(f"{r.context} says {r.word!r}" for r in unknown[:3])
            return _unknown(Reason.UNKNOWN, f"on {sighting.name}: {words}")
        for state, reason in _BUSY.items():
            found = [r for r in seen if r.state is state]
            if found:
                where = f"{sighting.reading.branch} ({short(found[0].commit)})"
                return _busy(reason, f"{state} on {where}: {_names(found)}", found)
    return None


def _unregistered(case: Case) -> Judgement | None:
    """A head without any report: CI may be about to start."""
    for sighting in case.sightings:
        reading = sighting.reading
        if reading.commit is None or reading.has_ci is False or sighting.reports:
            continue
        if sighting.known_for < case.policy.grace:
            return _not_registered_yet(sighting.name)
        if not case.policy.idle_without_report:
            return _unknown(
                Reason.NEVER_REGISTERED,
                f"no report for {sighting.name} within {case.policy.grace}; say `ci: none` or "
                "`no_report: idle` for this gate in mission.yaml if that is as it should be",
            )
    return None


def _held(case: Case) -> Judgement | None:
    held = [r for r in case.head.reports if r.state is CiState.HELD]
    if not held:
        return None
    return _busy(Reason.HELD, f"{_names(held)} on {case.head.name} waits for a person", held)


def _stale(case: Case) -> Judgement | None:
    head = case.head
    stale = [r for r in head.reading.reports if r.commit != head.reading.commit]
    stale += [r for r in head.reports if r.state is CiState.STALE]
    if not stale:
        return None
    return _unknown(Reason.STALE, f"{_names(stale)} says nothing about {head.name}")


def _missing(case: Case) -> Judgement | None:
    missing = ", ".join(case.missing)
    if missing and case.head.known_for < case.policy.grace:
        return _not_registered_yet(f"{missing} on {case.head.name}")
    if missing:
        return _unknown(Reason.NEVER_REGISTERED, f"no report of {missing} for {case.head.name}")
    return None


def _without_ci(case: Case) -> Judgement | None:
    """The forge proves that nothing will ever report."""
    if any(s.reading.has_ci is not False or s.reports for s in case.sightings):
        return None
    return _clear(Reason.NO_CI, "the forge has no CI for this repository")


def _idle(case: Case) -> Judgement | None:
    names = " and ".join(s.name for s in case.sightings if s.reading.commit)
    return _clear(Reason.IDLE, f"nothing queued or running on {names or case.request.branch}")


def _green(case: Case) -> Judgement | None:
    """Everything ended, and nothing badly: what was skipped proves nothing unless it may."""
    head = case.head
    proof = {CiState.GREEN} | ({CiState.SKIPPED} if case.policy.accept_skipped else set())
    unproven = [
        wanted
        for wanted in case.required
        if any(r.state not in proof for r in head.reports if fnmatchcase(r.context, wanted))
    ]
    if not head.reports:
        return _unknown(Reason.NEVER_REGISTERED, f"no report for {head.name}")
    if unproven or not any(r.state in proof for r in head.reports):
        what = ", ".join(unproven) or _names(head.reports)
        return _unknown(Reason.SKIPPED, f"{what} on {head.name} was skipped: no proof of green")
    return _clear(Reason.GREEN, f"{head.name} is green: {_names(head.reports)}")


Rule = Callable[[Case], Judgement | None]

_RULES: dict[Purpose, tuple[Rule, ...]] = {
    Purpose.PUSH: (
        _base_moved,
        _configured_without_ci,
        _base_missing,
        _active,
        _unregistered,
        _without_ci,
        _idle,
    ),
    Purpose.MERGE: (
        _base_moved,
        _configured_without_ci,
        _base_missing,
        _head_elsewhere,
        _red,  # before `_active`: a red check does not get better while others run
        _active,
        _unregistered,
        _cancelled,
        _held,
        _stale,
        _missing,
        _without_ci,
        _green,
    ),
}

_BUSY = {CiState.RUNNING: Reason.RUNNING, CiState.QUEUED: Reason.QUEUED}


def _busy(reason: Reason, detail: str, reports: Sequence[CiReport]) -> Judgement:
    since = min((r.since for r in reports if r.since), default=None)
    return Judgement(state=GateState.BUSY, reason=reason, detail=detail, since=since)


def _not_registered_yet(what: str) -> Judgement:
    detail = f"no report yet for {what}; CI may still be about to start"
    return Judgement(state=GateState.BUSY, reason=Reason.NOT_REGISTERED_YET, detail=detail)


def _clear(reason: Reason, detail: str) -> Judgement:
    return Judgement(state=GateState.CLEAR, reason=reason, detail=detail)


def _unknown(reason: Reason, detail: str) -> Judgement:
    return Judgement(state=GateState.UNKNOWN, reason=reason, detail=detail)


def _names(reports: Sequence[CiReport]) -> str:
    names = list(dict.fromkeys(report.context for report in reports))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
