"""Whether a mission can be carried out as it is written: its two files, and what they name.

`mission check` shows all of it; a run does not start on an error, and stops on one that a changed
plan brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.command import PLACEHOLDERS as AGENT_PLACEHOLDERS
from agents.prices import Prices
from agents.registry import ADAPTERS
from errors import ConfigError, FindingsError, UnreadableError
from errors.finding import Finding, Severity
from gates.script import PLACEHOLDERS as GATE_PLACEHOLDERS
from mission.config.agents import SHIPPED_AGENTS
from mission.config.complaints import complaints
from mission.config.document import Document
from mission.config.load import config_of, open_document
from mission.config.model import MissionConfig
from mission.lint import Known, Subject, lint_rules, lint_settings
from mission.place import Place
from mission.strays import refuse_strays
from notifiers.command import PLACEHOLDERS as NOTIFIER_PLACEHOLDERS
from orchestrator.operations.catalogue import operation_kinds
from orchestrator.soundness.absent import lint_absent
from orchestrator.soundness.ground import lint_claim, lint_ground
from orchestrator.soundness.tuning import refused_tunings
from tasks_md.lint import lint
from tasks_md.model import COLUMNS, STATUSES, Dialect, Plan
from tasks_md.parse import read
from workspace.git import Git


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """A mission as it was found."""

    plan: Plan | None  # None: it cannot be read
    config: MissionConfig | None  # None: it has a complaint
    findings: tuple[Finding, ...]
    unreadable: bool  # whether one of the files cannot be read at all

    def sound(self) -> tuple[MissionConfig, Plan]:
        """The settings and the plan, if a run could carry them out.

        Raises:
            FindingsError: With everything that keeps it from that.
        """
        refuse_errors(self.findings)
        if self.config is None or self.plan is None:
            raise AssertionError("what cannot be read is an error")
        return self.config, self.plan


def known_names() -> Known:
    """What settings may name beside what a mission's own files bring."""
    return Known(
        agents={name: config.type for name, config in SHIPPED_AGENTS.items()},
        operations=operation_kinds(),
        gate_placeholders=frozenset(GATE_PLACEHOLDERS),
        agent_placeholders=frozenset(AGENT_PLACEHOLDERS),
        notifier_placeholders=frozenset(NOTIFIER_PLACEHOLDERS),
        models={name: one.model for name, one in ADAPTERS.items() if one.model is not None},
        prices=frozenset(Prices.shipped().table),
    )


def examine(place: Place, git: Git | None = None, *, file: Path | None = None) -> Examined:
    """Find everything that is wrong with a mission, in one look. Nothing is started or changed.

    Args:
        git: What to ask in the top folder of its repository; else another is made.
        file: Where the plan is to be read; else the task file in the checkout.
    """
    document, unread = _settings(place)
    plan, unplanned = _plan(file or place.task_file, dialect_of(document))
    wrong = complaints(document)
    found = findings_of(place, document, plan, git) if plan is not None else wrong
    config = None if unread or wrong else config_of(document)
    if plan is not None and config is not None:
        found = (*found, *lint_absent(plan, config))
    return Examined(
        plan=plan,
        config=config,
        findings=_in_order([*unread, *unplanned, *found], document),
        unreadable=bool(unread or unplanned),
    )


def findings_of(
    place: Place, document: Document, plan: Plan, git: Git | None = None
) -> tuple[Finding, ...]:
    """Everything that is wrong with a mission whose files could be read; `git` as in `examine`."""
    subject = Subject(document=document, plan=plan, known=known_names())
    if git is None and place.repository is not None:
        git = Git(place.repository)
    ground = lint_ground(subject, git, place.folder, place.common_dir)
    claim = lint_claim(subject, place.state_dir)
    return _in_order([*written_findings(document, plan), *ground, *claim], document)


def written_findings(document: Document, plan: Plan) -> tuple[Finding, ...]:
    """What is wrong with the two files, whatever the machine and the repository have."""
    subject = Subject(document=document, plan=plan, known=known_names())
    found = [*lint(plan), *lint_settings(subject), *_tunings(document, plan)]
    return _in_order(found, document)


def refuse_errors(findings: Sequence[Finding]) -> None:
    """Refuse to carry out a mission that has errors.

    Raises:
        FindingsError: With all of them.
    """
    errors = [one for one in findings if one.severity is Severity.ERROR]
    if errors:
        raise FindingsError(errors)


def refuse_misunderstood(document: Document, plan: Plan) -> None:
    """Refuse settings that cannot be understood for the plan as it has become.

    Raises:
        FindingsError: A rule names what the plan has not any more, or a row's agent has not what
            the settings ask of it.
    """
    subject = Subject(document=document, plan=plan, known=known_names())
    refuse_errors([*lint_rules(subject), *_tunings(document, plan)])


def _tunings(document: Document, plan: Plan) -> tuple[Finding, ...]:
    if complaints(document):
        return ()
    return tuple(refused_tunings(document, plan, config_of(document)))


def dialect_of(document: Document) -> Dialect:
    """The words that settings add to the usual ones, as far as these are right."""
    subject = document.value if isinstance(document.value, dict) else {}
    return Dialect(
        columns=_words(subject.get("columns"), COLUMNS),
        statuses=_words(subject.get("statuses"), STATUSES),
    )


def _words(given: object, known: Sequence[str]) -> dict[str, str]:
    pairs = given.items() if isinstance(given, dict) else ()
    return {str(word): meaning for word, meaning in pairs if meaning in known}


def _settings(place: Place) -> tuple[Document, list[Finding]]:
    found = []
    try:
        refuse_strays(place.config_file)
    except ConfigError as error:
        found.append(_as_finding(error, "stray-settings"))
    try:
        return open_document(place.config_file), found
    except ConfigError as error:
        found.append(_as_finding(error, "unreadable-settings"))
    return Document(path=str(place.config_file)), found


def _plan(file: Path, dialect: Dialect) -> tuple[Plan | None, list[Finding]]:
    try:
        return read(file, dialect), []
    except UnreadableError as error:
        return None, [_as_finding(error, "unreadable-plan")]


def _as_finding(error: UnreadableError, rule: str) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.ERROR,
        path=error.path,
        line=max(error.line, 1),
        column=max(error.column, 1),
        message=error.plain,
        hint=error.hint,
    )


def _in_order(found: Sequence[Finding], document: Document) -> tuple[Finding, ...]:
    """The settings first: what they say decides how the plan is read. Each in its own order."""
    unique = dict.fromkeys(found)
    return tuple(
        sorted(unique, key=lambda one: (one.path != document.path, one.line, one.column, one.rule))
    )
