"""What a worker is told and what it gives back: plain data that travels as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal, Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

from pydantic import TypeAdapter, ValidationError

from agents.protocol import Result
from errors import AgentError
from mission.config import AnyAgent, AnyForge, AnyGate
from mission.config.kinds import UNKNOWN_TYPE, UNLOADABLE
from mission.outcome import Outcome
from mission.usage import Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """One attempt at one row, to be carried out by a worker. It names no file of the sender's."""

    mission: str  # tells the missions of one repository apart
    task: str  # the row's id
    attempt: int  # numbered from 1 within the task
    agent: str  # the name in the file
    text: str  # the brief
    remote: str  # where to clone from; without credentials, which are the worker's own
    base: str  # the branch that missions merge into
    commit: str  # of the base, on which the work begins
    branch: str | None  # pushed with the work; None: the row has none, only its answer counts
    author: str  # of what the agent leaves uncommitted
    settings: AnyAgent  # the agent's
    gates: list[AnyGate]  # asked before the push
    forge: AnyForge  # that the gates ask
    resume: str | None = None  # the session to go on with, on the worker that had it
    resumed: Usage = field(default_factory=Usage)  # what that session had used before
    token_limit: int | None = None
    held: str | None = None  # finished work of the attempt before, where a gate held its push up
    about: str = ""  # review, plan: a question beside the row's own work, which changes nothing
    others_worked: bool = False  # another agent has worked at the row before
    format: Literal[1] = 1  # of the JSON; a worker refuses another one

    def to_json(self) -> dict[str, Any]:
        """As parameters of a run."""
        data: dict[str, Any] = _ERRAND.dump_python(self, mode="json", by_alias=True)
        return data

    @staticmethod
    def from_json(data: object) -> Errand:
        """What `to_json` gave, elsewhere.

        Raises:
            AgentError: It is of another version of the runner, or damaged.
        """
        return _read(_ERRAND, data, "errand")


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerVerdict:
    """An answer that the worker got from a gate."""

    gate: str
    state: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What a worker gives back. Secrets are taken out, its own machine's too."""

    result: Result  # its log is a path on the worker
    head: str | None = None  # the commit that was pushed; None: nothing was
    held: str | None = None  # the commit that was finished and could not be pushed
    host: str = ""  # the worker's machine
    log: str = ""  # the last part of what the tool printed
    gates: list[WorkerVerdict] = field(default_factory=list)  # what they answered before the push
    format: Literal[1] = 1

    def to_json(self) -> dict[str, Any]:
        """As a run's artifact."""
        data: dict[str, Any] = _DELIVERY.dump_python(self, mode="json")
        return data

    @staticmethod
    def from_json(data: object) -> Delivery:
        """What `to_json` gave, elsewhere.

        Raises:
            AgentError: It is of another version of the runner, or damaged.
        """
        return _read(_DELIVERY, data, "delivery")

    @classmethod
    def failed(cls, outcome: Outcome, summary: str) -> Self:
        """For ends of which the worker itself could say nothing."""
        return cls(result=Result(outcome=outcome, summary=summary))


@dataclass(frozen=True, kw_only=True, slots=True)
class UsedSoFar:
    """What must not be lost when a worker dies, as a line of what it tells while it works."""

    session: str | None
    usage: Usage  # of the errand so far

    def to_line(self) -> str:
        """As one line, which no agent can say: theirs begin with the kind of their event."""
        return _SO_FAR + json.dumps(_PROGRESS.dump_python(self, mode="json"))

    @staticmethod
    def from_line(line: str) -> UsedSoFar | None:
        """What `to_line` gave, elsewhere; None for every other line, damaged ones too."""
        if not line.startswith(_SO_FAR):
            return None
        try:
            return _PROGRESS.validate_json(line.removeprefix(_SO_FAR))
        except ValidationError:
            return None


_SO_FAR = "used so far: "
_PROGRESS = TypeAdapter(UsedSoFar)
_ERRAND = TypeAdapter(Errand)
_DELIVERY = TypeAdapter(Delivery)
_T = TypeVar("_T")


def _read(kind: TypeAdapter[_T], data: object, name: str) -> _T:
    try:
        return kind.validate_json(json.dumps(data))  # as JSON: strict parts take texts for enums
    except (ValidationError, TypeError) as error:
        lacking = _lacking(error)
        if lacking:
            raise AgentError(
                f"the {name} cannot be read here: {lacking}",
                hint="Install the plug-in on the workers as well as where missions run",
            ) from error
        raise AgentError(
            f"the {name} cannot be read: it is of another version, or damaged",
            hint="Install the same version of the runner on the workers and where missions run",
        ) from error


def _lacking(error: ValidationError | TypeError) -> str:
    """What it says of a plug-in that is not here; empty if that is not what is wrong."""
    details = error.errors(include_url=False) if isinstance(error, ValidationError) else []
    return "; ".join(one["msg"] for one in details if one["type"] in (UNKNOWN_TYPE, UNLOADABLE))


def without_credentials(url: str) -> str:
    """A remote's address without a password; over HTTP, where a user name may be a token, without
    that too."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if not parts.scheme or "@" not in parts.netloc:
        return url
    user, _, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    kept = host if parts.scheme in {"http", "https"} else f"{name}@{host}"
    return urlunsplit(parts._replace(netloc=kept))
