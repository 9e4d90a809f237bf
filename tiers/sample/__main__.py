"""`python -m tiers.sample`: older data in the local storage of the project here, to be moved."""

from __future__ import annotations

import sys
from pathlib import Path

from tiers.config import TierConfig
from tiers.sample.fill import fill
from tiers.servers.opening import open_place
from tiers.settings.folders import project_folder
from tiers.settings.model import QueueType, StorageType, Tier


def main() -> None:
    """Fill it and say where it is."""
    folder = project_folder(Path.cwd())
    config = TierConfig(
        tier=Tier.LOCAL,
        storage=StorageType.EMBEDDED,
        folder=folder,
        postgres=None,
        queue=QueueType.LOCAL,
        valkey=None,
    )
    with open_place(config) as address:
        rows = fill(address)
    sys.stdout.write(f"{rows} rows of an older gateway in {folder}\n")


if __name__ == "__main__":
    main()
