"""The engine's record of built-in operations: who did which work, with its evidence."""

from __future__ import annotations

from prefect.context import TagsContext

from flows.operation_task import Work, show_evidence
from flows.patience import patience
from flows.trouble import SERVER_TROUBLE
from orchestrator.operations.evidence import OperationEnd


class PrefectOperations:
    """The engine's record of operations: a task run for each, with its evidence."""

    def __init__(self) -> None:
        self.troubles: list[str] = []  # what could not be recorded, one line each
        self._patience = patience()

    def keep(self, name: str, task: str, attempt: int, work: Work) -> OperationEnd:
        """Do the work of the operation `name` for a row's attempt, on the record.

        An operation that is no task of its own, such as `noop`, has nothing to show but that its
        row ran, which the row's own task run says.

        Raises:
            MissionError: What the work raised.
        """
        # A mission on another tier loads no module of the federated one: a row proves it.
        from flows.federated_tier import TASKS  # noqa: PLC0415 - only once an operation runs

        operation = TASKS.get(name)
        if operation is None:
            return work()
        outcome = _Once(work)

        def show(row: str, end: OperationEnd) -> None:
            try:
                with self._patience():
                    show_evidence(name, row, end)
            except SERVER_TROUBLE as error:
                self._note(name, task, error)

        try:
            # Without tags: Prefect asks its server for a slot in a limit of each one's name. Who is
            # at work is the mission's affair, and a server that is away holds nobody up.
            with TagsContext(current_tags=set()):
                operation(outcome, f"{task} ({attempt})", show, return_state=True)
        except Exception as error:  # noqa: BLE001 - the engine's: what the work raised is in `outcome`
            self._note(name, task, error)
        return outcome.result()

    def _note(self, name: str, task: str, error: Exception) -> None:
        self.troubles.append(f"could not record {name} of {task} in Prefect: {error}")


class _Once:
    """Does the work once, whatever Prefect makes of it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._end: OperationEnd | None = None
        self._error: BaseException | None = None

    def __call__(self) -> OperationEnd:
        try:
            self._end = self._work()
        except BaseException as error:
            self._error = error
            raise
        return self._end

    def result(self) -> OperationEnd:
        """What it came to; done now if Prefect did not get as far."""
        if self._error is not None:
            raise self._error
        return self._end if self._end is not None else self()
