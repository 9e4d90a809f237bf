"""The embedders by the name that a person gives them."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from tiers.search.embedder import Embedder, HashingEmbedder
from tiers.search.model import ModelEmbedder, has_model


class EmbedderChoice(StrEnum):
    """Which embedder."""

    AUTO = "auto"  # the model where it is installed, else none: search by words
    MODEL = "model"
    HASHING = "hashing"
    NONE = "none"


_MAKERS: dict[EmbedderChoice, Callable[[], Embedder | None]] = {
    EmbedderChoice.AUTO: lambda: ModelEmbedder() if has_model() else None,
    EmbedderChoice.MODEL: ModelEmbedder,
    EmbedderChoice.HASHING: HashingEmbedder,
    EmbedderChoice.NONE: lambda: None,
}


def make_embedder(choice: EmbedderChoice) -> Embedder | None:
    """The embedder; None to search by words.

    Raises:
        TierError: The model is asked for and cannot be loaded.
    """
    return _MAKERS[choice]()
