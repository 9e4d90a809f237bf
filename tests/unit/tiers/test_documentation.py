"""docs/tiers.md: complete, and its example is a good one."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import yaml

from mission import place
from tiers.probes.probe import Cause
from tiers.services.compose import COMPOSE_FILE
from tiers.settings import folders
from tiers.settings.environment import VARIABLES
from tiers.settings.model import QueueSettings, StorageSettings, Tier, TierSettings

PAGE = (Path(__file__).parents[3] / "docs" / "tiers.md").read_text()


def test_every_variable_is_described() -> None:
    assert set(re.findall(r"`(MISSION_\w+)`", PAGE)) >= VARIABLES.keys()


def test_every_variable_that_is_described_exists() -> None:
    # Some are of the compose file, or say where folders are.
    sources = (COMPOSE_FILE, Path(inspect.getfile(folders)), Path(inspect.getfile(place)))
    read = {name for file in sources for name in re.findall(r"MISSION_\w+", file.read_text())}
    assert set(re.findall(r"MISSION_\w+", PAGE)) <= VARIABLES.keys() | read


def test_every_key_tier_and_cause_is_described() -> None:
    words = set(re.findall(r"`([a-z_-]+)`", PAGE))
    keys = StorageSettings.model_fields.keys() | QueueSettings.model_fields.keys()
    assert words >= keys | set(Tier) | set(Cause)


def test_the_example_is_valid() -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    TierSettings.model_validate(yaml.safe_load(example[1]))
