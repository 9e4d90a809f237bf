"""How a mission stands at one moment: values, which nobody changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gates.pause import Paused
from mission.elsewhere import Elsewhere
from mission.journal import Attempt, Event, Request
from mission.journal.kinds import CheckoutBehind, RemoteAway
from mission.plan_copy import OtherBranch
from mission.waits import WaitsFor
from policy.notifying.troubles import Untold
from service.overview import Overview


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """One thing that keeps a row from going on."""

    on: WaitsFor
    why: str  # one line for people
    names: tuple[str, ...] = ()  # rows, the gate, the agent, the provider
    since: datetime | None = None  # where it is known
    until: datetime | None = None  # not longer than that; where it is known
    hint: str = ""  # what a person may type


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSign:
    """The run that is at work, or was the last."""

    alive: bool | None  # None: it is on another machine, where nobody can look
    host: str
    pid: int
    since: datetime
    command: str  # what was typed; empty: not known
    last_sign: datetime  # of the newest entry in the journal or in an agent's log
    ended: datetime | None  # None: at work, or it died without a word
    outcome: str | None
    slots: int | None  # how many rows at once; None: it starts none
    engine_run: str | None = None  # its flow run in Prefect; None: it has none, or not yet

    @property
    def at_work(self) -> bool:
        """Whether it is, as far as anybody can tell."""
        return self.alive is not False


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveAttempt:
    """An attempt without an end."""

    attempt: Attempt
    live: bool  # somebody is at it; else it waits, or was cut off
    step: str  # how far it has come
    reviewer: str | None  # who reviews it now
    last_output: datetime | None  # of the newest line in its log


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """Finished work in the merge queue."""

    position: int  # from 1
    task: str
    attempt: int  # its number within the row
    branch: str | None
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A row that goes on only after a person."""

    task: str
    status: str
    why: str
    since: datetime | None
    hint: str  # what to type


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """All that is known of a mission without asking anybody."""

    revision: int  # grows whenever anything else here has changed; within one process
    event: int  # the newest event in it: follow what comes after this number
    overview: Overview
    since: Mapping[str, datetime]  # since when rows have their status, where the journal knows it
    waits: Mapping[str, tuple[Wait, ...]]  # by row or planned milestone; what holds it first
    errors: int  # that lint finds in the task file
    run: RunSign | None  # None: the mission never ran
    stale_since: datetime | None  # the last run died then: what it was about may be otherwise
    paused: Paused | None  # nothing is started, pushed or merged meanwhile
    away: Event[RemoteAway] | None  # the remote, while the run cannot reach it
    behind: Event[CheckoutBehind] | None  # the checkout, where it could not follow the base
    other_branch: OtherBranch | None  # is checked out: the plan is the base's, beside the journal
    attempts: tuple[LiveAttempt, ...]  # in the order in which they began
    merge_queue: tuple[Turn, ...]
    people: tuple[Need, ...]  # in file order
    requests: tuple[Request, ...]  # what people asked for and nobody has answered yet
    elsewhere: Elsewhere | None  # what was heard of another clone, where that carries it out
    untold: tuple[Untold, ...]  # who was to be told what happens, and was not
    conflicts: tuple[str, ...]  # warnings about branches that will not merge together

    def attempt(self, task: str) -> LiveAttempt | None:
        """The attempt without an end at a row."""
        return next((one for one in self.attempts if one.attempt.task == task), None)

    def turn(self, task: str) -> Turn | None:
        """The row's turn to merge."""
        return next((one for one in self.merge_queue if one.task == task), None)
