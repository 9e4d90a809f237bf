"""What is looked at: the settings as they stand in the file, and the plan that they are for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from errors.finding import Finding, Severity
from mission.config.complaints import dotted
from mission.config.document import Document, Location
from mission.lint.known import Known
from tasks_md.model import Plan


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Settings and plan.

    The settings are read from the document, not from its models: one mistake in the file must not
    hide the others. What is of the wrong kind is passed over here; the models complain of it.
    """

    document: Document
    plan: Plan
    known: Known

    def value(self, *location: str | int) -> object:
        """What stands at `location`; None where nothing does."""
        value = self.document.value
        for step in location:
            if isinstance(value, Mapping):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def mapping(self, *location: str | int) -> Mapping[str, object]:
        """The mapping at `location`; an empty one where there is none."""
        value = self.value(*location)
        return value if isinstance(value, dict) else {}

    def entries(self, *location: str | int) -> list[object]:
        """The list at `location`; an empty one where there is none."""
        value = self.value(*location)
        return value if isinstance(value, list) else []

    def text(self, *location: str | int) -> str | None:
        """The text at `location`; None where there is none."""
        value = self.value(*location)
        return value if isinstance(value, str) else None

    def texts(self, *location: str | int) -> Iterator[tuple[Location, str]]:
        """The texts in the list at `location`, each with its place."""
        for number, value in enumerate(self.entries(*location)):
            if isinstance(value, str):
                yield (*location, number), value

    @property
    def agents(self) -> tuple[str, ...]:
        """The agents that exist: those of the file, and those that need no configuration."""
        return tuple(sorted({*self.known.agents, *self.mapping("agents")}))

    def agent_type(self, name: str) -> str:
        """The type of an agent, as its settings and what is shipped for its name have it."""
        return self.text("agents", name, "type") or self.known.agents.get(name, "command")

    def finding(
        self,
        location: Location,
        rule: str,
        message: str,
        hint: str = "",
        *,
        severity: Severity = Severity.ERROR,
    ) -> Finding:
        """A finding in the settings; the place is named before the message."""
        mark = self.document.mark(location)
        where = dotted(location)
        return Finding(
            rule=rule,
            severity=severity,
            path=self.document.path,
            line=mark.line,
            column=mark.column,
            message=f"{where}: {message}" if where else message,
            hint=hint,
        )
