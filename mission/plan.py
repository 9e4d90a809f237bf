"""A mission's plan, read with what its `mission.yaml` says about words."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from mission.place import Place
from tasks_md.model import Dialect, Plan
from tasks_md.parse import read

# Keys that matter here. A brace at the start is YAML's other way to write a mapping.
_WORDS = re.compile(rb"^\s*\{|^[\"']?(?:columns|statuses|mission)\b", re.MULTILINE)


def read_plan(place: Place) -> Plan:
    """The task file as it is now, under the name that `mission.yaml` gives the mission.

    Raises:
        TaskFileError: It cannot be read.
        ConfigError: `mission.yaml` is there and cannot be understood.
    """
    dialect, name = _said(place)
    plan = read(place.task_file, dialect)
    return replace(plan, mission=name) if name else plan


def dialect_of(place: Place) -> Dialect:
    """The header names and status words that `mission.yaml` adds to the usual ones.

    Raises:
        ConfigError: It is there and cannot be understood.
    """
    return _said(place)[0]


def _said(place: Place) -> tuple[Dialect, str | None]:
    if not _says_something(place.config_file):
        return Dialect(), None
    # pydantic takes longer to import than all the rest of `mission status` takes to run.
    from mission.config import load_config  # noqa: PLC0415  only missions with such keys pay

    config = load_config(place.config_file)
    return Dialect(columns=config.columns, statuses=config.statuses), config.mission


def _says_something(config_file: Path) -> bool:
    """Whether there is a configuration that may say something about words or the name."""
    if config_file.with_suffix(".yml").exists():
        return True  # a wrong name, which reading it complains about
    try:
        raw = config_file.read_bytes()
    except OSError:
        return config_file.exists()
    return _WORDS.search(raw) is not None
