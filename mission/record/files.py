"""The record as files, and back: JSON lines in chunks that do not change once they are full.

So that a renewal sends little: an entry stays in its chunk, and only the last chunk of each kind
grows. An attempt that goes on changes its own chunk.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from errors import MissionError
from mission.outcome import Outcome
from mission.record import checks
from mission.record.checks import Check, optional
from mission.record.values import (
    CarriedAttempt,
    CarriedEvent,
    CarriedRequest,
    CarriedRun,
    Record,
)
from mission.steps import End, Step

VERSION = 1
FOLDER = "record"
_HEAD = f"{FOLDER}/head.json"
_LONGEST_LINE = 1_000_000  # bytes
_MOST_BYTES = 64_000_000  # of all files together
_MOST_FILES = 20_000
_Entry = TypeVar("_Entry")
_Checks = Mapping[str, Check[Any]]

_RUN: _Checks = {
    "host": checks.name,
    "started": checks.moment,
    "mission": checks.text,
    "ended": optional(checks.moment),
    "outcome": optional(checks.name),
}
_ATTEMPT: _Checks = {
    "run": checks.run_key,
    "task": checks.name,
    "started": checks.moment,
    "number": checks.number,
    "agent": checks.name,
    "branch": optional(checks.name),
    "base_commit": optional(checks.commit),
    "step": checks.one_of([one.value for one in Step]),
    "said": optional(checks.one_of([one.value for one in Outcome])),
    "end": optional(checks.one_of([one.value for one in End])),
    "approved": checks.flag,
    "taken_up": checks.flag,
    "head": optional(checks.commit),
    "squash": optional(checks.commit),
    "merge_base": optional(checks.commit),
    "ended": optional(checks.moment),
    "reason": checks.text,
    "summary": checks.text,
    "input_tokens": checks.count,
    "output_tokens": checks.count,
    "cached_tokens": checks.count,
    "cost_usd": optional(checks.money),
    "session": checks.session,
    "exit_code": optional(checks.exit_code),
    "route": checks.text,
    "stands_in": optional(checks.word_or_empty),
}
_EVENT: _Checks = {
    "at": checks.moment,
    "kind": checks.name,
    "run": optional(checks.run_key),
    "task": optional(checks.name),
    "attempt": optional(checks.moment),
    "data": checks.json_object,
}
_REQUEST: _Checks = {
    "kind": checks.name,
    "task": checks.name,
    "status": optional(checks.name),
    "note": optional(checks.text),
    "by": checks.name,
    "submitted": checks.moment,
    "finished": optional(checks.moment),
    "error": optional(checks.text),
}


class RecordError(MissionError):
    """What another clone left on the remote cannot be understood."""


def to_files(record: Record) -> dict[str, bytes]:
    """The record as files, by their paths in the claim's commit.

    Texts that are too long for it are cut, and an event that is too long is left out: what is
    written can be read.
    """
    head = {"version": VERSION, "clone": record.clone}
    return {
        _HEAD: _line(head),
        **_chunks("runs", 100, (_lines_of(one, _RUN) for one in record.runs)),
        **_chunks("attempts", 25, (_lines_of(one, _ATTEMPT) for one in record.attempts)),
        **_chunks("events", 100, (_lines_of(one, _EVENT) for one in record.events)),
        **_chunks("requests", 100, (_lines_of(one, _REQUEST) for one in record.requests)),
    }


def from_files(files: Mapping[str, bytes]) -> Record | None:
    """What another clone wrote; None where there is no record among these files.

    Raises:
        RecordError: It is of a newer version, too large, or not what a runner writes.
    """
    own = {path: content for path, content in files.items() if path.startswith(f"{FOLDER}/")}
    if not own:
        return None
    if len(own) > _MOST_FILES or sum(map(len, own.values())) > _MOST_BYTES:
        raise RecordError(f"{FOLDER} is larger than any that a runner writes", hint=_ANEW)
    head = _object(own.get(_HEAD, b""), _HEAD, 1)
    version = head.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise RecordError(f"{_HEAD} names no version", hint=_ANEW)
    if version > VERSION:
        raise RecordError(
            f"another clone wrote a record of version {version}; this mission runner reads up to "
            f"{VERSION}",
            hint="Update the mission runner here, then run again",
        )
    clone = head.get("clone")
    return Record(
        clone=clone if isinstance(clone, str) else "",
        runs=tuple(_read(own, "runs", _RUN, CarriedRun)),
        attempts=tuple(_read(own, "attempts", _ATTEMPT, _attempt)),
        events=tuple(_read(own, "events", _EVENT, CarriedEvent)),
        requests=tuple(_read(own, "requests", _REQUEST, CarriedRequest)),
    )


_ANEW = (
    "It is no work of a mission runner, or damaged: whoever pushed it can say; delete the claim's"
    " ref on the remote to begin without it"
)


def _attempt(**values: Any) -> CarriedAttempt:  # noqa: ANN401  each was checked by the table
    one = CarriedAttempt(**values)
    is_over = one.step == Step.ENDED
    if is_over != (one.end is not None) or is_over != (one.ended is not None):
        raise ValueError("an attempt that has an end just where it has ended")
    return one


def _lines_of(
    entry: CarriedRun | CarriedAttempt | CarriedEvent | CarriedRequest, table: _Checks
) -> bytes:
    given = {}
    for field in fields(entry):
        value = getattr(entry, field.name)
        if table[field.name] in (checks.text, *_OPTIONAL_TEXTS) and isinstance(value, str):
            value = value[: checks.LONGEST_TEXT]
        if value is not None:
            given[field.name] = value
    return _line(given)


_OPTIONAL_TEXTS = (_REQUEST["note"], _REQUEST["error"])


def _line(values: Mapping[str, object]) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _chunks(kind: str, size: int, lines: Iterable[bytes]) -> dict[str, bytes]:
    kept = [line for line in lines if len(line) <= _LONGEST_LINE]
    return {
        f"{FOLDER}/{kind}/{at // size:05}.jsonl": b"".join(kept[at : at + size])
        for at in range(0, len(kept), size)
    }


def _read(
    files: Mapping[str, bytes], kind: str, table: _Checks, make: Callable[..., _Entry]
) -> Iterator[_Entry]:
    for path in sorted(one for one in files if one.startswith(f"{FOLDER}/{kind}/")):
        for place, line in enumerate(_split(files[path]), 1):
            given = _object(line, path, place)
            try:
                yield make(**{name: check(given.get(name)) for name, check in table.items()})
            except ValueError as error:
                raise _unreadable(path, place, str(error)) from error


def _split(content: bytes) -> Sequence[bytes]:
    return [line for line in content.split(b"\n") if line]


def _object(line: bytes, path: str, place: int) -> Mapping[str, object]:
    if len(line) > _LONGEST_LINE:
        raise _unreadable(path, place, f"at most {_LONGEST_LINE} bytes")
    try:
        return checks.json_object(json.loads(line))
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, place, "a JSON object") from error


def _unreadable(path: str, place: int, wanted: str) -> RecordError:
    return RecordError(f"{path}:{place}: not {wanted}", hint=_ANEW)
