"""What a worker tells while it works: for people, for the log, for the journal."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from pathlib import Path

from agents.prices import Prices
from agents.protocol import Result
from agents.registry import model as model_of
from agents.registry import settings as agent_settings
from mission.config import MissionConfig
from mission.journal import Attempt, Journal
from mission.journal.kinds import ErrandSent, UsageBooked
from mission.private import private_folder
from mission.usage import Usage
from orchestrator.ports.display import Display
from orchestrator.workers.errand import Delivery, UsedSoFar
from orchestrator.workplace.asking import Asking, Question
from workspace.redact import Redactor


class Watched:
    """What a worker tells while it works: shown, kept in the attempt's log, journalled."""

    def __init__(
        self,
        question: Question,
        booked: Usage,
        *,
        asking: Asking,
        config: MissionConfig,
        redactor: Redactor,
        display: Display,
    ) -> None:
        """`booked`: what is journalled already of the errand, from before a crash."""
        self._asking = asking
        self._config = config
        self._redactor = redactor
        self._display = display
        self._question = question
        self._booked = booked
        self._last = ""
        self._known = UsedSoFar(session=None, usage=Usage())

    def show(self, phase: str) -> None:
        """One line, which may come again and again."""
        progress = UsedSoFar.from_line(phase)
        if progress is not None:
            self._known = progress
            if self._question.on_progress is not None:
                self._question.on_progress(progress.session, self._new(progress.usage))
            return
        told = self._redactor.text(phase)
        if told != self._last:
            self._last = told
            _write(self._asking.log_of(self._question), f"{told}\n")
        self._display.doing(self._question.task, self._question.doing, told)

    def complete(self, result: Result) -> Result:
        """The result with what it cost; if the worker died, with the last that it told."""
        if result.usage.nothing:
            session = result.session or self._known.session
            result = replace(result, usage=self._known.usage, session=session)
        return replace(result, usage=self._new(result.usage))

    def _new(self, usage: Usage) -> Usage:
        """With its price, and without what is journalled already."""
        question, config = self._question, self._config
        settings = question.settings or agent_settings(question.agent, config)
        model = model_of(question.agent, settings)
        return Prices.of(config).complete(usage, model).minus(self._booked)

    def keep(self, delivery: Delivery) -> None:
        """Keep the end of the worker's log with ours."""
        if delivery.host:
            where = f"On {delivery.host}; all of it is there, in {delivery.result.log}."
            text = f"{where} Its end:\n\n{self._redactor.text(delivery.log)}"
            _write(self._asking.log_of(self._question), text)


def _write(log: Path, text: str) -> None:
    """Add to an attempt's log, which is for its owner only."""
    private_folder(log.parent)
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write(text)


def booked_before(journal: Journal, attempt: Attempt, run: str | None) -> Usage:
    """What is booked with an attempt since a worker's run of its review began."""
    sent = [
        event.id
        for event in journal.events(ErrandSent, task=attempt.task)
        if event.what.remote_run == run
    ]
    if not sent:
        return Usage()
    booked = journal.events(UsageBooked, task=attempt.task, attempt=attempt.id, after=sent[0])
    return _total(event.what.usage for event in booked)


def told_before(journal: Journal, attempt: Attempt, run: str | None) -> Usage:
    """What is journalled, with attempts that were cut off, of what a worker's run used."""
    numbers = {
        event.attempt
        for event in journal.events(ErrandSent, task=attempt.task)
        if event.what.remote_run == run
    }
    return _total(
        one.usage
        for one in journal.attempts(attempt.task)
        if one.id in numbers and one.id != attempt.id
    )


def _total(parts: Iterable[Usage]) -> Usage:
    return reduce(Usage.plus, parts, Usage())
