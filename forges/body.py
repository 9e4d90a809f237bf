"""The body of an answer, limited after decompression: two kilobytes can be two gigabytes."""

from __future__ import annotations

import zlib

ACCEPTED = "gzip"  # what we ask for; what else is sent is refused
_GZIP = 16 + zlib.MAX_WBITS


class TooLongError(Exception):
    """It is longer than its limit. Nothing beyond that was decompressed."""


class BrokenError(Exception):
    """It is not compressed as it says, or ends too early."""


class Body:
    """What has come of a body so far."""

    def __init__(self, encoding: str, limit: int) -> None:
        """Args:
            encoding: As the header `Content-Encoding` has it, empty for none.
            limit: How many bytes there may be, decompressed.

        Raises:
            BrokenError: It is compressed in a way that nobody asked for.
        """
        name = encoding.strip().lower()
        if name not in ("", "identity", "gzip", "x-gzip"):
            raise BrokenError(f"compressed as {name[:40]!r}, which was not asked for")
        self._gzip = zlib.decompressobj(_GZIP) if name.endswith("gzip") else None
        self._limit = limit
        self._whole = bytearray()

    def add(self, chunk: bytes) -> None:
        """Take in more of it, as it came.

        Raises:
            TooLongError: With this it is longer than its limit.
            BrokenError: It is not compressed as it says.
        """
        if self._gzip is not None:
            try:
                chunk = self._gzip.decompress(chunk, self._limit + 1 - len(self._whole))
            except zlib.error:
                raise BrokenError("not compressed as it says") from None
        self._whole += chunk
        if len(self._whole) > self._limit:
            raise TooLongError

    def end(self) -> bytes:
        """All of it.

        Raises:
            BrokenError: There should be more.
        """
        if self._gzip is not None and not self._gzip.eof:
            raise BrokenError("it ends too early")
        return bytes(self._whole)
