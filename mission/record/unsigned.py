"""A record that nobody has signed, where what asks in a person's name has to be. Pure."""

from __future__ import annotations

from dataclasses import replace

from mission.record.values import Record


def without_words(record: Record) -> tuple[Record, frozenset[str]]:
    """The record without approvals and pending requests; with the rows that had some.

    What people asked for and was applied or refused stays: it is history.
    """
    attempts = tuple(replace(one, approved=False) for one in record.attempts)
    requests = tuple(one for one in record.requests if one.finished is not None)
    approved = {one.task for one in record.attempts if one.approved and one.end is None}
    pending = {one.task for one in record.requests if one.finished is None}
    return replace(record, attempts=attempts, requests=requests), frozenset(approved | pending)
