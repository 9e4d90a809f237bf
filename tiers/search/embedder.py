"""What turns a text into a vector, and the one that needs no model."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from typing import Protocol

from tiers.storage.tables import DIMENSIONS

Vector = list[float]
_WORD = re.compile(r"\w+")


class Embedder(Protocol):
    """Makes vectors of `DIMENSIONS` numbers, near each other for texts that mean the same."""

    @property
    def name(self) -> str:
        """Which one this is: vectors of two embedders do not compare."""

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """A vector for each text, of length one."""


class HashingEmbedder:
    """Counts words and their triples of letters: near are texts that share them. For tests, and
    for machines without a model. The same vector everywhere and always."""

    @property
    def name(self) -> str:
        return "hashing-1"

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        return [_hashed(text) for text in texts]


def as_text(vector: Vector) -> str:
    """A vector as pgvector reads it."""
    return "[" + ",".join(f"{number:.7g}" for number in vector) + "]"


def _hashed(text: str) -> Vector:
    counts = [0.0] * DIMENSIONS
    for word in _WORD.findall(text.casefold()):
        _count(counts, word, 1.0)
        padded = f" {word} "
        for start in range(len(padded) - 2):
            _count(counts, padded[start : start + 3], 1.0)
    length = math.sqrt(sum(count * count for count in counts))
    if not length:  # no word at all: any direction, always the same
        return [1.0] + [0.0] * (DIMENSIONS - 1)
    return [count / length for count in counts]


def _count(counts: Vector, feature: str, weight: float) -> None:
    digest = hashlib.blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest()
    number = int.from_bytes(digest, "big")
    counts[(number >> 1) % DIMENSIONS] += weight if number & 1 else -weight
