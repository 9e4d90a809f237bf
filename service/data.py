"""A standing as JSON: what `mission status --json` prints, and whoever else shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from mission.elsewhere import Elsewhere
from service.overview import overview_data
from service.standing import LiveAttempt, Standing, Wait


def standing_data(standing: Standing) -> dict[str, object]:
    """All of it. Times are datetimes; `docs/status.md` says what each key means."""

    def more(name: str) -> Mapping[str, object]:
        return {
            "since": standing.since.get(name),
            "waits": [_wait(wait) for wait in standing.waits.get(name, ())],
        }

    away, paused, behind = standing.away, standing.paused, standing.behind
    other = standing.other_branch
    return {
        **overview_data(standing.overview, more),
        "revision": standing.revision,
        "event": standing.event,
        "run": None if standing.run is None else asdict(standing.run),
        "stale_since": standing.stale_since,
        "paused": None if paused is None else {**asdict(paused), "path": str(paused.path)},
        "remote_away": None if away is None else {"since": away.at, "why": away.what.text},
        "checkout_behind": None
        if behind is None
        else {"since": behind.at, "why": behind.what.why, "files": list(behind.what.files)},
        "other_branch": None
        if other is None
        else {"checked_out": other.checked_out, "base": other.base, "path": str(other.path)},
        "attempts": [_attempt(one) for one in standing.attempts],
        "merge_queue": [asdict(turn) for turn in standing.merge_queue],
        "people": [asdict(need) for need in standing.people],
        "requests": [
            {
                "id": one.id,
                "kind": one.kind.value,
                "task": one.task,
                "status": one.status,
                "note": one.note,
                "by": one.by,
                "submitted": one.submitted,
            }
            for one in standing.requests
        ],
        "elsewhere": None if standing.elsewhere is None else _elsewhere(standing.elsewhere),
        "untold": [asdict(one) for one in standing.untold],
        "conflicts": list(standing.conflicts),
        "errors": standing.errors,
    }


def _wait(wait: Wait) -> dict[str, object]:
    return {
        "on": wait.on.value,
        "why": wait.why,
        "names": list(wait.names),
        "since": wait.since,
        "until": wait.until,
        "hint": wait.hint,
    }


def _elsewhere(heard: Elsewhere) -> dict[str, object]:
    claim = heard.claim
    return {
        "looked": heard.looked,
        "run": None if claim is None else asdict(claim),
        "rows": [asdict(row) for row in heard.there.rows],
        "counts": heard.there.counts,
        "paused": heard.there.paused,
        "answers": [asdict(answer) for answer in heard.answers],
    }


def _attempt(one: LiveAttempt) -> dict[str, object]:
    attempt = one.attempt
    return {
        "task": attempt.task,
        "number": attempt.number,
        "agent": attempt.agent,
        "route": attempt.route,
        "step": one.step,
        "live": one.live,
        "reviewer": one.reviewer,
        "since": attempt.started,
        "branch": attempt.branch,
        "worktree": attempt.worktree,
        "log": attempt.log,
        "last_output": one.last_output,
        "pid": attempt.pid,
        "tokens": attempt.tokens,
        "cost_usd": attempt.cost_usd,
    }
