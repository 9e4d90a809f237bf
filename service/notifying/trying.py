"""Sends one message to receivers at once, and says what came of it: a trial, a digest by hand."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from errors import UsageError
from mission.clock import utc_now
from mission.config import MissionConfig
from mission.journal import Journal
from mission.journal.kinds import Noticed, Told
from mission.notices import TRIAL, Notice, NoticeKind
from mission.place import Place
from mission.plan import read_plan
from orchestrator.notifying.noting import note
from policy.notifying.sending import MessageState, message
from service.digest import Digest
from service.notifying.agreed import agreed_config
from service.notifying.composing import outgoing
from service.notifying.daily import day_key, digest_notice
from service.notifying.making import notifiers_of, redactor_of
from service.notifying.outbox import Outbox
from service.notifying.settings import limits_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """What came of it for one receiver."""

    name: str
    why: str  # it does not have it; empty: it has
    hint: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it has the message."""
        return not self.why

    def data(self) -> Mapping[str, object]:
        """As JSON."""
        return {"ok": self.ok, **asdict(self)}


def try_all(
    place: Place, variables: Mapping[str, str], *, only: Sequence[str] = ()
) -> Sequence[Tried]:
    """Send everybody, or those named, a message that says that it is a trial.

    Raises:
        UsageError: Nobody is to be told, or one of these names is nobody's; or another branch is
            checked out, whose settings nobody has agreed to.
        ConfigError: `mission.yaml` cannot be understood.
    """
    config = agreed_config(place)
    names = [one.called for one in config.notify.to]
    if not names:
        raise UsageError(
            "nobody is told: mission.yaml has no `notify.to`", hint="docs/notifications.md has some"
        )
    for name in only:
        if name not in names:
            raise UsageError(f"there is no receiver {name}", hint=f"There are: {', '.join(names)}")
    notice = Notice(
        kind=TRIAL,
        key=f"{TRIAL}:{secrets.token_hex(8)}",
        title="this is how you will be told",
        reason="Somebody typed `mission notify test`",
        command="mission status",
        at=utc_now(),
    )
    return _send(
        place, config, variables, notice, [one for one in names if not only or one in only]
    )


def send_digest(place: Place, variables: Mapping[str, str], digest: Digest) -> Sequence[Tried]:
    """Send a digest to who is told of digests.

    Raises:
        UsageError: That is nobody; or another branch is checked out, whose settings nobody has
            agreed to.
        ConfigError: `mission.yaml` cannot be understood.
    """
    config = agreed_config(place)
    names = [one.called for one in config.notify.to if NoticeKind.DIGEST in one.events]
    if not names:
        raise UsageError(
            "nobody is told of digests", hint="Name somebody in mission.yaml: `notify.to`"
        )
    key = f"{NoticeKind.DIGEST}:{secrets.token_hex(8)}"
    tried = _send(place, config, variables, digest_notice(digest, key), names)
    _note_day(place, config, variables, digest, tried)
    return tried


def _note_day(
    place: Place,
    config: MissionConfig,
    variables: Mapping[str, str],
    digest: Digest,
    tried: Sequence[Tried],
) -> None:
    """Note that the digest that is due by the settings was sent: nobody who watches sends it again,
    but to those who have not got it."""
    key = day_key(config.notify, utc_now())
    if key is None or not place.journal_file.exists() or not any(one.ok for one in tried):
        return
    redactor = redactor_of(config, variables)
    with Journal.open(place.journal_file, redact=redactor.text) as opened:
        last = opened.last_run()
        journal = opened if last is None else opened.in_run(last.id)
        if key in {one.what.key for one in journal.events(Noticed)}:
            return
        notice = digest_notice(digest, key)
        with journal.together():
            note(journal, [notice])
            for one in tried:
                if one.ok:
                    what = message(one.name, [notice])
                    journal.record(
                        Told(
                            message=what.id,
                            to=one.name,
                            notices=what.keys,
                            state=MessageState.SENT,
                            tries=1,
                        )
                    )


def _send(
    place: Place,
    config: MissionConfig,
    variables: Mapping[str, str],
    notice: Notice,
    names: Sequence[str],
) -> Sequence[Tried]:
    redactor = redactor_of(config, variables)
    outbox = Outbox(
        notifiers_of(place, config, variables, redactor),
        limits_of(config.notify),
        redact=redactor.text,
    )
    mission, began = redactor.text(read_plan(place).mission), time.monotonic()
    for name in names:
        what = message(name, [notice])
        outbox.send(name, outgoing(what, mission, place, config, utc_now(), redactor.text))
    found: dict[str, Tried] = {}
    while len(found) < len(names):
        for one in outbox.ended(1.0):
            took = time.monotonic() - began
            found[one.to] = Tried(name=one.to, why=one.why, hint=one.hint, seconds=took)
    return [found[name] for name in names]
