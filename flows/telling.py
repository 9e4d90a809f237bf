"""What the keeper of a record tells the run."""

from __future__ import annotations

import os
from typing import BinaryIO

from flows.messages import Failed, FromKeeper, packed


class Telling:
    """What the run is told. One that is gone hears nothing."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def tell(self, message: FromKeeper) -> None:
        try:
            self._stream.write(packed(message))
            self._stream.flush()
        except BrokenPipeError:
            return  # its record is closed as that of a run that was killed

    def leave(self, why: str) -> None:
        """End at once, without what Prefect does as its process ends: it would wait for a server
        that is not there."""
        self.tell(Failed(why=why))
        os._exit(1)
