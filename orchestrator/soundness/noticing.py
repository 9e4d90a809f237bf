"""What people break while a run is under way: the plan, or `mission.yaml`. It is said at once, with
the rows that cannot run, and once more at the run's end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from errors import MissionError
from errors.finding import Finding, Severity
from mission.config.load import config_of, open_document
from mission.strays import refuse_strays
from orchestrator.soundness.soundness import refuse_misunderstood
from tasks_md.lint import lint
from tasks_md.model import DONE, Plan

_SHOWN = 3  # findings in a message
_NAMED = 10  # rows in a message


class Noticing:
    """Holds each change of the two files against what a run would refuse as it begins. Used by the
    loop's thread."""

    def __init__(self, settings: Path, say: Callable[[str], None]) -> None:
        """`settings` is the `mission.yaml`, which need not be there; `say` tells people a line."""
        self._settings = settings
        self._say = say
        self._text = _bytes(settings)
        self._keys = _keys(settings)  # as they were when they could be read last
        self._tables: object = None  # of the plan that was looked at last
        self._of_plan = ""
        self._of_settings = ""

    @property
    def left(self) -> tuple[str, ...]:
        """What is broken still, a line each."""
        return tuple(told for told in (self._of_plan, self._of_settings) if told)

    def look(self, plan: Plan) -> None:
        """Say what has changed for the worse, or for the better again, since the last look."""
        if plan.tables is not self._tables:
            self._tables = plan.tables
            self._of_plan = self._told(self._of_plan, plan_trouble(plan), "The plan")
        text = _bytes(self._settings)
        if text != self._text:
            self._text = text
            broken = self._settings_trouble(plan)
            name = self._settings.name
            if not broken:
                before, self._keys = self._keys, _keys(self._settings)
                changed = [
                    key for key in {**before, **self._keys} if _differs(key, before, self._keys)
                ]
                if changed:
                    self._say(
                        f"{name} was changed ({', '.join(changed)}): this run goes on as it began "
                        "to its end, and the next `mission run` heeds it"
                    )
            self._of_settings = self._told(self._of_settings, broken, name)

    def _told(self, before: str, now: str, what: str) -> str:
        if now and now != before:
            self._say(now)
        elif before and not now:
            self._say(f"{what} is in order again")
        return now

    def _settings_trouble(self, plan: Plan) -> str:
        try:
            refuse_strays(self._settings)
            document = open_document(self._settings)
            config_of(document)
            refuse_misunderstood(document, plan)
        except MissionError as error:
            return (
                f"{error.message}. This run goes on with the settings that it began with; no row "
                "can run in the next one until that is mended (`mission check`)"
            )
        return ""


def plan_trouble(plan: Plan) -> str:
    """What a person has to mend in a plan before all its rows can run, and which cannot; empty:
    nothing. Pure."""
    found = [finding for finding in lint(plan) if finding.severity is Severity.ERROR]
    if not found:
        return ""
    told = "; ".join(f"{one.path}:{one.line}: {one.message}" for one in found[:_SHOWN])
    more = f" (and {len(found) - _SHOWN} more)" if len(found) > _SHOWN else ""
    rows = cannot_run(plan, found)
    named = ", ".join(rows[:_NAMED]) + (f" and {len(rows) - _NAMED} more" if rows[_NAMED:] else "")
    held = f"These rows cannot run: {named}" if rows else "No row is kept from running by it"
    return f"{told}{more}. {held} (`mission check` shows all of it)"


def cannot_run(plan: Plan, findings: Collection[Finding]) -> tuple[str, ...]:
    """The open rows that errors are about, or that wait for such a row, in file order."""
    bad = {one.task for one in findings if one.task is not None}
    open_rows = [task for task in plan.tasks if task.status != DONE]
    while True:
        more = {one.id for one in open_rows if not bad.isdisjoint(one.depends_on)} - bad
        if not more:
            return tuple(dict.fromkeys(one.id for one in open_rows if one.id in bad))
        bad |= more


def _keys(settings: Path) -> Mapping[str, object]:
    """What the settings say, by key; nothing where they cannot be read."""
    try:
        value = open_document(settings).value
    except MissionError:
        return {}
    return value if isinstance(value, dict) else {}


def _differs(key: str, before: Mapping[str, object], now: Mapping[str, object]) -> bool:
    return (key in before, before.get(key)) != (key in now, now.get(key))


def _bytes(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None
