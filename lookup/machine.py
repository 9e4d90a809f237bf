"""What of this machine stands in a mission's texts, and what is told instead of it.

Notes and reasons quote what tools said, with the folders that they worked in. Those of the mission
are known; where another machine wrote a note, its folders are not.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from lookup.told import Told
from mission.place import Place, mission_home

_SHORTEST = 3  # characters of a folder that is looked for: `/` is in every text


class Machine:
    """The folders of a mission on this machine."""

    def __init__(self, folders: dict[Path, str]) -> None:
        """Each with the word that is told instead."""
        words = {str(folder): word for folder, word in folders.items()}
        known = sorted((one for one in words if len(one) >= _SHORTEST), key=len, reverse=True)
        self._words = words
        # The name may not go on: /home/ann is not the beginning of /home/annabel.
        self._known = re.compile(rf"(?:{'|'.join(map(re.escape, known))})(?![\w-])")

    @classmethod
    def around(cls, place: Place) -> Machine:
        """The mission's: its repository, what the runner keeps of it, worktrees, home."""
        folders = {
            Path(os.path.expanduser("~")): "(home)",  # noqa: PTH111 - the other one raises
            mission_home(): "(runner)",
            mission_home() / "worktrees": "(worktrees)",
            place.folder: "(mission)",
            place.state_dir: "(state)",
        }
        if place.common_dir is not None:
            folders[place.common_dir] = "(git)"
        if place.repository is not None:
            folders[place.repository] = "(repository)"
        return cls(folders | {folder.resolve(): word for folder, word in folders.items()})

    def without(self, told: Told) -> Told:
        """The same, without them."""
        return replace(told, lines=tuple(map(self.text, told.lines)))

    def text(self, text: str) -> str:
        """A text without them."""
        return self._known.sub(lambda found: self._words[found[0]], text)
