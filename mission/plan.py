"""A mission's plan, read in the words that its `mission.yaml` adds."""

from __future__ import annotations

from mission.place import Place
from tasks_md.model import Dialect, Plan
from tasks_md.parse import read


def read_plan(place: Place) -> Plan:
    """The task file as it is now.

    Raises:
        TaskFileError: It cannot be read.
        ConfigError: `mission.yaml` is there and cannot be understood.
    """
    return read(place.task_file, dialect_of(place))


def dialect_of(place: Place) -> Dialect:
    """The header names and status words that `mission.yaml` adds to the usual ones.

    Raises:
        ConfigError: It is there and cannot be understood.
    """
    config_file = place.config_file
    if not config_file.exists() and not config_file.with_suffix(".yml").exists():
        return Dialect()
    # pydantic takes longer to import than all the rest of `mission status` takes to run.
    from mission.config import load_config  # noqa: PLC0415  only missions with a mission.yaml pay

    config = load_config(config_file)
    return Dialect(columns=config.columns, statuses=config.statuses)
