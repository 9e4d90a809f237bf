"""A mission's plan, read with what its `mission.yaml` says about words."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from mission.place import Place
from mission.plan_copy import plan_file
from mission.strays import strays
from tasks_md.model import Dialect, Plan
from tasks_md.parse import read
from tasks_md.regular_file import read_regular

# Keys that matter here. A brace at the start is YAML's other way to write a mapping.
_WORDS = re.compile(rb"^[^\S\n]*+\{|^[\"']?(?:columns|statuses|mission)\b", re.MULTILINE)
_PLAIN_NAME = re.compile(rb"^mission:[ \t]+([A-Za-z][\w.-]*)[ \t]*\r?$", re.MULTILINE)
_NO_NAMES = frozenset({b"y", b"n", b"yes", b"no", b"on", b"off", b"true", b"false", b"null"})

PLANNER = "opus"  # the most capable of the usual names; plans only where the file declares it


def planner_of(plan: Plan) -> str:
    """Who plans placeholders: the usual planner where the file declares it or declares nobody,
    else the first agent that it declares."""
    return PLANNER if PLANNER in plan.agents else next(iter(plan.agents), PLANNER)


def read_plan(place: Place) -> Plan:
    """The plan with its statuses as it is now, wherever that is (`mission.plan_copy`), under the
    name that `mission.yaml` gives the mission.

    Raises:
        TaskFileError: It cannot be read.
        ConfigError: `mission.yaml` is there and cannot be understood.
    """
    dialect, name = _said(place)
    plan = read(plan_file(place), dialect)
    return replace(plan, mission=name) if name else plan


def dialect_of(place: Place) -> Dialect:
    """The header names and status words that `mission.yaml` adds to the usual ones.

    Raises:
        ConfigError: It is there and cannot be understood.
    """
    return _said(place)[0]


def _said(place: Place) -> tuple[Dialect, str | None]:
    raw = _raw(place.config_file)
    said = _WORDS.findall(raw) if raw is not None else [b"?"]
    if not said:
        return Dialect(), None
    name = _PLAIN_NAME.findall(raw or b"")
    if len(said) == len(name) == 1 and name[0].lower() not in _NO_NAMES:
        return Dialect(), str(name[0], "ascii")
    # pydantic takes longer to import than all the rest of `mission status` takes to run.
    from mission.config import load_config  # noqa: PLC0415  only missions with such keys pay

    config = load_config(place.config_file)
    return config.dialect, config.mission


def _raw(config_file: Path) -> bytes | None:
    """The configuration as bytes, empty where there is none; None if only a closer look can tell.

    That is so for a file that cannot be read, and for one under a wrong name.
    """
    try:
        return read_regular(config_file)
    except FileNotFoundError:
        return None if strays(config_file) else b""
    except OSError:
        return None
