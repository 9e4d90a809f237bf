"""What the journal says of a mission at one moment, as far as its standing needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mission.journal import Attempt, Event, Journal, Request, Run
from mission.journal.kinds import (
    CheckoutBehind,
    DispatchBegan,
    GateAnswered,
    Happening,
    MergeAwaited,
    NotifyBegan,
    RemoteAway,
    RowWaits,
    StatusSet,
    Told,
    WillConflict,
)
from policy.notifying.troubles import Untold, untold


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Facts of the journal. The empty one is that of a mission that never ran."""

    event: int = 0  # the number of the newest event
    at: datetime | None = None  # of the newest entry
    run: Run | None = None  # the one that began last
    attempts: tuple[Attempt, ...] = ()  # without an end
    spent: Mapping[str, int] = field(default_factory=dict)  # tokens, by row or planned milestone
    statuses: Mapping[str, Event[StatusSet]] = field(default_factory=dict)  # the newest, by row
    waits: Mapping[str, Event[RowWaits]] = field(default_factory=dict)  # the newest, by row
    gates: Mapping[int, tuple[Event[GateAnswered], ...]] = field(default_factory=dict)  # by attempt
    queued: tuple[Event[MergeAwaited], ...] = ()  # of attempts without an end, in their order
    dispatch: Event[DispatchBegan] | None = None  # the newest
    away: Event[RemoteAway] | None = None  # the newest
    behind: Event[CheckoutBehind] | None = None  # the newest
    conflicts: tuple[Event[WillConflict], ...] = ()
    requests: tuple[Request, ...] = ()  # not answered yet
    untold: tuple[Untold, ...] = ()  # who was to be told what happens, and was not


def read_record(journal: Journal) -> Record:
    """Read it, inside of one look at the journal."""
    attempts = tuple(journal.open_attempts())
    last, run = journal.last_event(), journal.last_run()
    queued = [journal.events(MergeAwaited, attempt=one.id)[-1:] for one in attempts]
    dispatch, away = journal.events(DispatchBegan), journal.events(RemoteAway)
    behind = journal.events(CheckoutBehind)
    return Record(
        event=last.id if last is not None else 0,
        at=_newest(last, run, attempts),
        run=run,
        attempts=attempts,
        spent={task: sums.tokens for task, sums in journal.spent_by_task().items()},
        statuses={str(one.task): one for one in journal.newest(StatusSet)},
        waits={str(one.task): one for one in journal.newest(RowWaits)},
        gates={
            attempt.id: tuple(journal.events(GateAnswered, attempt=attempt.id))
            for attempt in attempts
        },
        queued=tuple(sorted((one for ones in queued for one in ones), key=lambda one: one.id)),
        dispatch=dispatch[-1] if dispatch else None,
        away=away[-1] if away else None,
        behind=behind[-1] if behind else None,
        conflicts=tuple(journal.events(WillConflict)),
        requests=tuple(journal.pending_requests()),
        untold=_untold(journal),
    )


def _untold(journal: Journal) -> tuple[Untold, ...]:
    """Of those whom the last run was to tell."""
    began = journal.events(NotifyBegan)[-1:]
    return untold(journal.events(Told), began[0].what.to) if began else ()


def _newest(
    last: Event[Happening] | None, run: Run | None, attempts: tuple[Attempt, ...]
) -> datetime | None:
    times = [attempt.started for attempt in attempts]
    if last is not None:
        times.append(last.at)
    if run is not None:
        times += [run.started, run.ended or run.started]
    return max(times, default=None)
