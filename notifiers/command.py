"""A program of the user's, without a shell: it is told by its arguments and its standard input."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from errors import NotifyError, ProcessError
from notifiers.protocol import Outgoing
from workspace.process import ProcessSpec, Stop, run_process

#: What is filled in where it stands in braces in the argv. Each begins with a word of ours, or is
#: an address: none can be taken for an option.
PLACEHOLDERS: Final = ("event", "title", "text", "page")
_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandNotifier:
    """Runs `argv` once for each message."""

    argv: Sequence[str]
    folder: Path  # where it runs
    timeout: timedelta
    environment: Mapping[str, str] = field(repr=False)
    redact: Callable[[bytes], bytes] | None = None  # takes secrets out of what it prints
    stop: Stop = field(default_factory=Stop)  # ends the program

    def tell(self, message: Outgoing) -> None:
        spec = ProcessSpec(
            argv=fill_in(self.argv, message),
            cwd=self.folder,
            environment=self.environment,
            stdin=json.dumps(message.data()).encode(),
            total=self.timeout,
            redact=self.redact,
        )
        try:
            end = run_process(spec, self.stop)
        except ProcessError as error:
            raise NotifyError(f"{self.argv[0]} cannot be run: {error}") from error
        if end.ok:
            return
        last = end.tail.strip().rpartition("\n")[2]
        if end.ended_by != "exit":
            how = f"was ended by {end.ended_by} after {end.seconds:.0f} s"
        elif end.exit_code is None:
            how = f"was killed by signal {end.signal}"
        else:
            how = f"ended with exit code {end.exit_code}"
        raise NotifyError(f"{self.argv[0]} {how}{f': {last}' if last else ''}")


def fill_in(argv: Sequence[str], message: Outgoing) -> tuple[str, ...]:
    """`argv` with the message's words. One pass: a title with `{text}` in it stays what it is."""
    words = {
        "event": message.kinds[0] if len(message.kinds) == 1 else "several",
        "title": message.words.title,
        "text": f"{message.words.title}\n{message.words.text}",
        "page": message.words.page,
    }
    return tuple(_PLACEHOLDER.sub(lambda found: words[found[1]], part) for part in argv)
