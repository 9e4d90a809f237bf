"""The process that has people told: it waits for its turn, and then looks on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from filelock import FileLock, Timeout

from mission.config import MissionConfig
from mission.journal import Journal
from mission.journal.look import look
from mission.place import Place
from orchestrator.notifying.noting import lives
from service.notifying.agreed import AgreedSettings, handed_config
from service.notifying.making import notifiers_of, redactor_of
from service.notifying.outbox import Outbox
from service.notifying.settings import limits_of
from service.notifying.watcher import Watcher

LOCK = "notify.lock"  # of a clone the one that has it sends; it dies with its holder
STAYS = "notify-stays.lock"  # one that stays holds it before the other, and as long
_POLL = 0.2  # seconds
_TURN = 5.0  # seconds: so often one that waits looks whether it is still needed


def watch(place: Place, variables: Mapping[str, str], *, run: int | None) -> None:
    """Have people told what happens. Blocks: until a run is over and all is told, where one is
    named; else it stays.

    Raises:
        ConfigError: `mission.yaml` cannot be understood.
        UsageError: Nobody has agreed to it.
        JournalError: The journal cannot be read or written.
    """
    place.keep_state()
    if run is None:
        settings = AgreedSettings.of(place)
        with (
            _lock(place, STAYS).acquire(poll_interval=_POLL),
            _lock(place, LOCK).acquire(poll_interval=_POLL),
        ):
            _look_on(place, settings.config, variables, None, settings.renew)
            while place.journal_file.exists():  # other settings count
                _look_on(place, settings.config, variables, None, settings.renew)
        return
    config = handed_config(place)
    with _turn(place, run) as is_mine:
        if is_mine:
            _look_on(place, config, variables, run, lambda: False)


@contextmanager
def _turn(place: Place, run: int) -> Iterator[bool]:
    """Wait for the lock; false where it is not needed: the run is over, and one that stays tells
    of it. One of an earlier run leaves as soon as it sees this one's."""
    mine = _lock(place, LOCK)
    while True:
        try:
            mine.acquire(timeout=_TURN, poll_interval=_POLL)
        except Timeout:
            if _is_over(place, run) and _one_stays(place):
                yield False
                return
            continue
        try:
            yield True
        finally:
            mine.release()
        return


def _is_over(place: Place, run: int) -> bool:
    runs = look(place.journal_file, lambda journal: journal.runs())
    its = next((one for one in runs if one.id == run), None)
    return its is None or its.ended is not None or not lives(its)


def _one_stays(place: Place) -> bool:
    lock = _lock(place, STAYS)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _lock(place: Place, name: str) -> FileLock:
    return FileLock(place.state_dir / name, mode=0o600)


def _look_on(
    place: Place,
    config: MissionConfig,
    variables: Mapping[str, str],
    run: int | None,
    changed: Callable[[], bool],
) -> None:
    redactor = redactor_of(config, variables)
    with Journal.open(place.journal_file, redact=redactor.text) as journal:
        last = journal.last_run()
        named = run if run is not None else (last.id if last is not None else None)
        Watcher(
            place=place,
            config=config,
            journal=journal if named is None else journal.in_run(named),
            outbox=Outbox(
                notifiers_of(place, config, variables, redactor),
                limits_of(config.notify),
                redact=redactor.text,
            ),
            redact=redactor.text,
            run=run,
            changed=changed,
        ).watch()
