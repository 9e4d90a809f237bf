"""Beginning a mission in a repository that has none: what is found there, and its first files."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.logins import Readiness, ready_agents
from errors import ConfigError, MissionError, UsageError
from forges.credentials import USUAL_NAMES, find_token
from forges.protocol import Issue
from forges.registry import find_forge
from mission.config import ForgeConfig, load_config
from mission.founding.test_commands import TestCommands, test_commands
from mission.founding.texts import Row, Settings, plan_text, settings_text
from mission.place import CONFIG_FILE, TASK_FILE
from mission.strays import refuse_strays
from workspace.redact import Redactor
from workspace.repository_facts import RepositoryFacts, repository_facts

_CI = (
    *(".github/workflows", ".gitea/workflows", ".forgejo/workflows", ".gitlab-ci.yml"),
    *(".woodpecker", ".woodpecker.yml", ".woodpecker.yaml", ".circleci", "Jenkinsfile"),
)
_LONGEST_TITLE = 300  # characters of an issue's title that a row keeps
_LONGEST_BODY = 600  # ... and of its text
_LONGEST_SLUG = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What there is to build on."""

    folder: Path  # which gets the files
    facts: RepositoryFacts
    tests: TestCommands | None  # None: no file says how, or the program is not here
    no_tests: str  # why not
    agents: tuple[Readiness, ...]
    forge: str | None  # kind and repository; None: the remote tells of none
    no_queue: str  # why CI is not to be asked; empty: it is

    @property
    def ready(self) -> tuple[str, ...]:
        """The agents that can start."""
        return tuple(one.agent for one in self.agents if one.missing is None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What a person may have changed of what was found."""

    name: str
    base: str
    tests: Sequence[Sequence[str]]
    agent: str


def look_around(
    folder: Path, environment: Mapping[str, str], home: Path, *, base: str | None = None
) -> Ground:
    """Look at the repository, its files and this machine. Nothing is started but git.

    Args:
        home: The person's home folder.
        base: The branch to merge into, where a person named it.

    Raises:
        UsageError: No mission can begin there.
        ConfigError: There is something that seems to be meant as its settings.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", hint="Name the folder that is to get the plan")
    folder = folder.resolve()
    if all(os.path.lexists(folder / name) for name in (TASK_FILE, CONFIG_FILE)):
        raise UsageError(
            f"{folder} has a {TASK_FILE} and a {CONFIG_FILE} already",
            hint="`mission check` says what is wrong with them",
        )
    refuse_strays(folder / CONFIG_FILE)
    facts = repository_facts(folder, base)
    if not folder.is_relative_to(facts.top):
        raise UsageError(f"{folder} is not among the files of {facts.top}", hint="Go there first")
    tests, no_tests = _tests(facts.top, folder, environment)
    forge, no_queue = _forge(facts, environment)
    return Ground(
        folder=folder,
        facts=facts,
        tests=tests,
        no_tests=no_tests,
        agents=ready_agents(environment, home),
        forge=forge,
        no_queue=no_queue,
    )


def labelled_rows(ground: Ground, label: str, environment: Mapping[str, str]) -> tuple[Row, ...]:
    """A row for each open issue with this label. Their texts are other people's.

    Raises:
        UsageError: There is none.
        ConfigError: The forge cannot be told, or its token is not there.
        ForgeError: It has no whole answer.
    """
    config = load_config(ground.folder / CONFIG_FILE).forge
    forge = find_forge(config, ground.facts.remote_url, environment, required=True)
    if forge is None:
        raise AssertionError("a forge that is required is found, or an error")
    issues = forge.open_issues(label)
    if not issues:
        raise UsageError(
            f"{forge.name} has no open issue with the label {label}",
            hint="Look at its spelling: upper and lower case count",
        )
    hide = Redactor.from_environment(environment).text
    return tuple(_row_of(issue, hide(issue.title), hide(issue.body)) for issue in issues)


def begin(ground: Ground, choice: Choice, rows: Sequence[Row] = ()) -> tuple[Path, ...]:
    """Write what is missing of a mission's two files; none that is there is touched.

    Returns:
        The files that were written.

    Raises:
        UsageError: A name that they need is not in UTF-8.
        OSError: One cannot be written; what was written before it is taken away again.
    """
    wanted = {
        TASK_FILE: plan_text(
            choice.name, ground.ready or _names(ground), rows or (_first_row(choice),)
        ),
        CONFIG_FILE: settings_text(_settings(ground, choice)),
    }
    _refuse_unwritable([choice.base, *(word for command in choice.tests for word in command)])
    written: list[Path] = []
    try:
        for name, text in wanted.items():
            file = ground.folder / name
            if not os.path.lexists(file):
                with file.open("x", encoding="utf-8", newline="\n") as opened:
                    written.append(file)
                    opened.write(text)
    except OSError as error:
        for done in written:
            done.unlink(missing_ok=True)
        # While it is written, an error does not say of which file.
        raise OSError(error.errno, error.strerror, str(file)) from error
    return tuple(written)


def _refuse_unwritable(words: Sequence[str]) -> None:
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError as error:
            raise UsageError(
                f"{word!a} is not in UTF-8, and no settings can hold it",
                hint="Name it otherwise, or begin the mission in another folder",
            ) from error


def _names(ground: Ground) -> tuple[str, ...]:
    return tuple(one.agent for one in ground.agents)


def _settings(ground: Ground, choice: Choice) -> Settings:
    remote = ground.facts.remote
    return Settings(
        base=choice.base,
        remote=remote if remote != "origin" else None,
        agent=choice.agent,
        tests=choice.tests,
        no_tests=ground.no_tests,
        queue=not ground.no_queue,
        no_queue=ground.no_queue,
        submodules=(ground.facts.top / ".gitmodules").is_file(),
    )


def _first_row(choice: Choice) -> Row:
    how = f" (`{' '.join(choice.tests[-1])}`)" if choice.tests else ""
    return Row(
        id="M1-01",
        description=f"Say in README.md, in one short paragraph, how to run the tests{how}.",
        branch="m1-01-readme-tests",
        estimate="20K",
        notes="An example: put rows of your own in its place.",
    )


def _row_of(issue: Issue, title: str, body: str) -> Row:
    words = re.sub(r"[^a-z0-9]+", "-", _ascii(title).lower())[:_LONGEST_SLUG].strip("-")
    text = " ".join(body.split())
    said = _cut(" ".join(title.split()), _LONGEST_TITLE) or f"Issue {issue.number}"
    more = f" — {_cut(text, _LONGEST_BODY)}" if text else ""
    return Row(
        id=f"I-{issue.number}",
        description=f"{said}{more}",
        issue=f"#{issue.number}",
        branch="-".join(part for part in (f"issue-{issue.number}", words) if part),
    )


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _tests(
    top: Path, folder: Path, environment: Mapping[str, str]
) -> tuple[TestCommands | None, str]:
    """The first way to test that can be gone here, or why there is none."""
    without = ""
    for found in test_commands(top, folder):
        lacking = [
            name
            for command in found.commands
            if not _is_there(name := command[0], top, environment)
        ]
        if not lacking:
            return found, ""
        without = without or f"{found.source} is for {lacking[0]}, which is not installed here."
    return None, without or "No file here says how tests are run."


def _is_there(program: str, top: Path, environment: Mapping[str, str]) -> bool:
    if program.startswith("./"):
        return os.access(top / program, os.X_OK)
    return shutil.which(program, path=environment.get("PATH")) is not None


def _forge(facts: RepositoryFacts, environment: Mapping[str, str]) -> tuple[str | None, str]:
    """The forge behind the remote, and why its CI is not to be asked."""
    if facts.remote_url is None:
        return None, "There is no remote, and so no CI."
    try:
        forge = find_forge(ForgeConfig(), facts.remote_url, environment)
    except MissionError as error:  # a remote's address may be anything
        return None, f"The forge cannot be asked: {' '.join(error.message.split())}."
    if forge is None:
        return None, "The remote does not tell which forge it is: add `forge` to use this."
    if not any((facts.top / name).exists() for name in _CI):
        return forge.name, "No CI is set up in this repository."
    kind, host = forge.name.split()[0], forge.name.split()[1].split("/")[0]
    try:
        token = find_token(kind, host, ForgeConfig(), environment)
    except ConfigError:
        token = None
    if not token:
        name = USUAL_NAMES.get(kind, ("a token",))[0]
        return forge.name, f"The forge wants a token: set {name}, then use this."
    return forge.name, ""
