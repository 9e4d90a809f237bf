"""The digest of a day, as a notice."""

from __future__ import annotations

from datetime import datetime, timedelta

from mission.config import NotifyConfig
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
    due = digest_due(config, now)
    if due is None or heard.began is None or heard.began > due:
        return []
    key = f"{NoticeKind.DIGEST}:{due.date().isoformat()}"
    if key in heard.keys:
        return []
    return [digest_notice(digest_of(place, now - _DAY, now), key)]


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
