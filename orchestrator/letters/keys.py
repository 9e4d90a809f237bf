"""The keys that count for requests from other clones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from errors import GitError, RequestRefusedError
from workspace.repository import Repository

_MOST_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """The file that `requests.signed` names. Nothing that is not merged counts of one in the tree:
    whoever works in the checkout could add a key."""

    named: str  # as it stands in mission.yaml
    repository: Repository

    def read(self) -> bytes:
        """Its content now.

        Raises:
            RequestRefusedError: It cannot be read. Then no key counts.
        """
        top = self.repository.top.resolve()
        path = top / Path(self.named).expanduser()
        try:
            inside = path.parent.resolve().is_relative_to(top)
            return self._on_base(path, top) if inside else _read(path.resolve(strict=True), top)
        except (OSError, GitError) as error:
            raise RequestRefusedError(
                f"{self.named}, which has the keys of those who may ask, cannot be read: {error}",
                hint="`requests.signed` in mission.yaml names it; in the repository, it has to be "
                "on the base",
            ) from error

    def _on_base(self, path: Path, top: Path) -> bytes:
        inside = (path.parent.resolve() / path.name).relative_to(top).as_posix()
        git, tip = self.repository.git, self.repository.base_tip()
        named = f"{tip}:{inside}"
        # A link there would be read as its target's name, in which there is no key.
        found = git.run("cat-file", "blob", named).stdout
        return found.encode(errors="surrogateescape")


def _read(path: Path, top: Path) -> bytes:
    if path.is_relative_to(top):
        raise OSError("it is a link into the repository: name the file there")
    with path.open("rb") as file:
        found = file.read(_MOST_BYTES + 1)
    if len(found) > _MOST_BYTES:
        raise OSError("it is too big")
    return found
