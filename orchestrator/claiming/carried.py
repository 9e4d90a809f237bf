"""What goes along with a claim, so that other clones see how it stands and can go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class Carried(Protocol):
    """Files of the claim's commit. They are asked for on any thread, one call at a time."""

    def files(self) -> Mapping[str, bytes]:
        """What goes along, by plain paths (`rows.json`, `record/attempts-1.jsonl`), as it is now.

        Raises:
            MissionError: It cannot be said; then nothing is pushed.
        """

    def absorb(self, files: Mapping[str, bytes]) -> None:
        """Take in what another clone's claim held, right after it was taken from there.

        Called before anything starts. `files` are all files of that commit: foreign text.

        Raises:
            MissionError: It cannot be taken in; then the claim is given back, and the run ends.
        """

    def is_new(self, files: Mapping[str, bytes]) -> bool:
        """Whether these, of another clone's claim, tell of work that is not known here.

        Raises:
            MissionError: They cannot be understood.
        """


class NothingCarried:
    """Nothing goes along."""

    def files(self) -> Mapping[str, bytes]:
        return {}

    def is_new(self, files: Mapping[str, bytes]) -> bool:
        del files
        return False

    def absorb(self, files: Mapping[str, bytes]) -> None:
        """Nothing is taken in."""


@dataclass(frozen=True, slots=True)
class AllCarried:
    """Several together. Their files have different paths."""

    parts: Sequence[Carried]

    def files(self) -> Mapping[str, bytes]:
        return {path: content for part in self.parts for path, content in part.files().items()}

    def absorb(self, files: Mapping[str, bytes]) -> None:
        for part in self.parts:
            part.absorb(files)

    def is_new(self, files: Mapping[str, bytes]) -> bool:
        return any(part.is_new(files) for part in self.parts)


@dataclass(frozen=True, slots=True)
class WithoutSecrets:
    """What another one carries, without what is known for a secret as it leaves this machine: the
    journal may hold texts from before that was known, and the file what a person wrote."""

    part: Carried
    redact: Callable[[bytes], bytes]

    def files(self) -> Mapping[str, bytes]:
        return {path: self.redact(content) for path, content in self.part.files().items()}

    def absorb(self, files: Mapping[str, bytes]) -> None:
        self.part.absorb(files)

    def is_new(self, files: Mapping[str, bytes]) -> bool:
        return self.part.is_new(files)


@dataclass(kw_only=True, slots=True)
class CarriedInMemory:
    """The shipped fake: carries what it is given, and keeps what it absorbs."""

    held: dict[str, bytes] = field(default_factory=dict)
    absorbed: list[Mapping[str, bytes]] = field(default_factory=list)

    def files(self) -> Mapping[str, bytes]:
        return dict(self.held)

    def absorb(self, files: Mapping[str, bytes]) -> None:
        self.absorbed.append(files)

    def is_new(self, files: Mapping[str, bytes]) -> bool:
        return files not in self.absorbed
