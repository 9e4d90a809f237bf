"""The queue guard: holds a push or a merge while the forge's CI is queued or running."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import timedelta

from errors import ForgeError
from forges.errors import CredentialsError, RateLimitedError, SettingsError, UnreachableError
from forges.protocol import Forge
from forges.reports import BranchReading, CiReport, newest
from gates.case import Case, Judgement, QueuePolicy, Reason, Sighting
from gates.judgement import judge
from gates.protocol import GateRequest, GateState, GateVerdict
from mission.clock import SYSTEM_CLOCK, Clock
from workspace.process import Stop


class _Heads:
    """Since when each branch is known to have the head that it has. Our own clock counts: the date
    of a commit says nothing about when it was pushed."""

    def __init__(self) -> None:
        self._first_seen: dict[str, tuple[str | None, float]] = {}
        self._lock = threading.Lock()

    def known_for(self, branch: str, commit: str | None, clock: Clock) -> timedelta:
        now = clock.monotonic()
        with self._lock:
            seen = self._first_seen.get(branch)
            if seen is None or seen[0] != commit:
                seen = self._first_seen[branch] = (commit, now)
        return timedelta(seconds=now - seen[1])


# Even a caller without patience gets one whole answer, if the forge gives it soon.
_LAST_LOOK = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class QueueGuard:
    """A gate that reads the CI of one repository on a forge. May be shared between threads."""

    forge: Forge
    policy: QueuePolicy = field(default_factory=QueuePolicy)
    name: str = "queue"
    clock: Clock = SYSTEM_CLOCK
    stop: Stop = field(default_factory=Stop)  # breaks reading off
    _heads: _Heads = field(default_factory=_Heads, repr=False)

    def check(self, request: GateRequest) -> GateVerdict:
        """Read both branches once and judge. Fail closed: no whole answer is never clear."""
        try:
            case = self._read(request)
        except CredentialsError as error:
            return self._refused(error, GateState.FAILED, Reason.REFUSED)
        except SettingsError as error:
            return self._refused(error, GateState.FAILED, Reason.UNREACHABLE)
        except RateLimitedError as error:
            verdict = self._refused(error, GateState.UNKNOWN, Reason.RATE_LIMITED)
            return replace(verdict, retry_after=error.retry_after)
        except UnreachableError as error:
            return self._refused(error, GateState.UNKNOWN, Reason.UNREACHABLE)
        except ForgeError as error:
            return self._refused(error, GateState.UNKNOWN, Reason.UNKNOWN)
        return self._verdict(judge(case), case)

    def _read(self, request: GateRequest) -> Case:
        patience = request.patience
        left = None if patience is None else max(patience, _LAST_LOOK)
        forge = self.forge.within(left, self.stop)
        names = tuple(dict.fromkeys((request.branch, request.base)))
        # Commits are all that is asked for where the configuration says that there is no CI.
        active = {} if self.policy.no_ci else forge.active(names)
        seen = {}
        for name in names:
            reading = self._read_branch(forge, name, active.get(name, ()))
            known_for = self._heads.known_for(name, reading.commit, self.clock)
            seen[name] = Sighting(reading=reading, known_for=known_for)
        return Case(
            request=request,
            head=seen[request.branch],
            base=seen[request.base],
            policy=self.policy,
        )

    def _read_branch(self, forge: Forge, name: str, active: tuple[CiReport, ...]) -> BranchReading:
        branch = forge.branch(name)
        if branch is None:
            return BranchReading(branch=name, commit=None, reports=(), active=newest(active))
        reports = () if self.policy.no_ci else newest(forge.reports(branch.commit))
        return BranchReading(
            branch=name,
            commit=branch.commit,
            reports=reports,
            active=newest(active),
            required=branch.required,
            has_ci=None if reports or self.policy.no_ci else forge.has_ci(branch.commit),
        )

    def _verdict(self, judgement: Judgement, case: Case) -> GateVerdict:
        commits = [sighting.reading.commit for sighting in case.sightings]
        return GateVerdict(
            state=judgement.state,
            gate=self.name,
            detail=judgement.detail,
            since=judgement.since,
            commit=case.request.commit or case.head.reading.commit,
            seen=tuple(commit or "" for commit in commits),
            reason=judgement.reason,
        )

    def _refused(self, error: ForgeError, state: GateState, reason: Reason) -> GateVerdict:
        return GateVerdict(state=state, gate=self.name, detail=str(error), reason=reason)
