"""The digest of a day, as a notice."""

from __future__ import annotations

from datetime import datetime, timedelta

from mission.config import NotifyConfig
from mission.elsewhere import read_elsewhere
from mission.notices import Notice, NoticeKind
from mission.place import Place
from service.builder import Standings
from service.digest import Digest, digest_lines, make_digest, read_since
from service.notifying.expecting import forecast_words
from service.notifying.reading import Heard
from service.notifying.settings import digest_due

_DAY = timedelta(days=1)


def daily_digest(place: Place, config: NotifyConfig, heard: Heard, now: datetime) -> list[Notice]:
    """The digest that is due by now, unless it was noted before, or nobody was told anything yet
    when it was due.

    Raises:
        MissionError: Plan or journal cannot be read.
    """
    due, key = digest_due(config, now), day_key(config, now)
    if due is None or key is None or heard.began is None or heard.began > due:
        return []
    if key in heard.keys or is_another_clones(place, heard):
        return []
    return [digest_notice(digest_of(place, now - _DAY, now), key)]


def day_key(config: NotifyConfig, now: datetime) -> str | None:
    """What the digest that is due is known by; None: there are none."""
    due = digest_due(config, now)
    return None if due is None else f"{NoticeKind.DIGEST}:{due.date().isoformat()}"


def is_another_clones(place: Place, heard: Heard) -> bool:
    """Whether the mission is another clone's by now, which sends the digest: it ran last, or was
    last heard to be at work."""
    there = read_elsewhere(place)
    if there is not None and there.held_there:
        return True
    return bool(heard.runs) and heard.runs[-1].elsewhere


def digest_of(place: Place, since: datetime, now: datetime) -> Digest:
    """What became of the mission since then.

    Raises:
        MissionError: Plan or journal cannot be read.
    """
    standing = Standings(place).current()
    told = read_since(place, since)
    return make_digest(standing, told, since, now, forecast=forecast_words(place))


def digest_notice(digest: Digest, key: str) -> Notice:
    """A digest as a notice."""
    return Notice(
        kind=NoticeKind.DIGEST,
        key=key,
        title=f"{digest.rows_done} of {digest.rows} rows done, {len(digest.stuck)} stuck",
        reason="\n".join(digest_lines(digest)),
        command="mission status",
    )
