"""The process that has people told: it waits for its turn, and then looks on."""

from __future__ import annotations

from collections.abc import Mapping

from filelock import FileLock

from mission.config import load_config
from mission.journal import Journal
from mission.place import Place
from service.notifying.making import notifiers_of, redactor_of
from service.notifying.outbox import Outbox
from service.notifying.settings import limits_of
from service.notifying.watcher import Watcher

LOCK = "notify.lock"  # of a clone the one that has it sends; it dies with its holder
_POLL = 0.2  # seconds


def watch(place: Place, variables: Mapping[str, str], *, run: int | None) -> None:
    """Have people told what happens. Blocks: until a run is over and all is told, where one is
    named; else it stays.

    Raises:
        ConfigError: `mission.yaml` cannot be understood.
        JournalError: The journal cannot be read or written.
    """
    config = load_config(place.config_file)
    redactor = redactor_of(config, variables)
    place.keep_state()
    # One of an earlier run, if it is still at it, leaves as soon as it sees this one's.
    with (
        FileLock(place.state_dir / LOCK, mode=0o600).acquire(poll_interval=_POLL),
        Journal.open(place.journal_file, redact=redactor.text) as journal,
    ):
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
        ).watch()
