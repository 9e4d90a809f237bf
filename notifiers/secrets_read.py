"""Addresses and secrets of receivers, read when they are needed: from a variable, or from a file.

Neither the plan nor `mission.yaml` holds one, and no agent can write one: a file of the repository
is refused, and so is one that others may write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from errors import NotifyError
from mission.private import read_private
from workspace.redact import register_secret


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretSource:
    """Where an address or a secret is."""

    what: str  # as `mission.yaml` calls it: address, secret
    variable: str | None
    file: str | None
    environ: Mapping[str, str] = field(repr=False)
    repository: Path | None  # its top folder: nothing is read from there

    def read(self) -> str | None:
        """It; None where the settings name none. Whoever redacts knows it from then on.

        Raises:
            NotifyError: It is not where the settings say.
        """
        if self.variable is not None:
            found = self.environ.get(self.variable, "").strip()
            if not found:
                raise NotifyError(
                    f"{self.what}_env: the variable {self.variable} is not set",
                    hint="Set it for `mission run`, which starts what tells people",
                )
        elif self.file is not None:
            found = self._from_file(Path(self.file).expanduser())
        else:
            return None
        register_secret(found)
        return found

    def needed(self) -> str:
        """It.

        Raises:
            NotifyError: There is none.
        """
        found = self.read()
        if found is None:
            raise NotifyError(f"{self.what}_env or {self.what}_file is missing in mission.yaml")
        return found

    def _from_file(self, path: Path) -> str:
        where = f"{self.what}_file: {path}"
        if self.repository is not None and path.resolve().is_relative_to(self.repository):
            raise NotifyError(
                f"{where} lies in the repository, where agents write",
                hint="Keep it elsewhere, for your eyes alone",
            )
        try:
            text = read_private(path)
        except OSError as error:
            raise NotifyError(f"{where} cannot be read ({error.strerror})") from error
        if text is None and not path.exists():
            raise NotifyError(f"{where} is not there", hint=f"Write the {self.what} into it")
        if text is None:
            hint = f"`chmod 600 {path}`, as its owner"
            raise NotifyError(f"{where} is not yours alone", hint=hint)
        if not text.strip():
            raise NotifyError(f"{where} is empty")
        return text.strip()
