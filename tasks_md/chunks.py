"""Sequences of which a changed copy shares what did not change.

A status that is set in a file of 10,000 rows concerns one of them. Copies of all rows would take
longer than writing the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Self, TypeVar, overload

T = TypeVar("T")

_SIZE = 128  # items in a chunk: about the root of how many rows a big file has


class Chunks(Sequence[T]):
    """A sequence in chunks; it never changes."""

    __slots__ = ("_length", "chunks")

    def __init__(self, items: Iterable[T]) -> None:
        given = tuple(items)
        self._hold(tuple(given[at : at + _SIZE] for at in range(0, len(given), _SIZE)), len(given))

    def _hold(self, chunks: tuple[tuple[T, ...], ...], length: int) -> None:
        self.chunks = chunks  # all of one size but the last
        self._length = length

    def changed(self, items: Mapping[int, T]) -> Self:
        """A copy with these items at these places; chunks without any are the same objects."""
        chunks = list(self.chunks)
        for at, item in items.items():
            chunk, within = divmod(at, _SIZE)
            chunks[chunk] = (*chunks[chunk][:within], item, *chunks[chunk][within + 1 :])
        copy = object.__new__(type(self))
        copy._hold(tuple(chunks), self._length)
        return copy

    @overload
    def __getitem__(self, at: int) -> T: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[T, ...]: ...

    def __getitem__(self, at: int | slice) -> T | tuple[T, ...]:
        if isinstance(at, slice):
            return tuple(self)[at]
        if not -self._length <= at < self._length:
            raise IndexError(at)
        chunk, within = divmod(at % self._length, _SIZE)
        return self.chunks[chunk][within]

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self.chunks)

    def __eq__(self, other: object) -> bool:
        return self.chunks == other.chunks if isinstance(other, Chunks) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.chunks)

    def __repr__(self) -> str:
        return f"Chunks({list(self)!r})"
