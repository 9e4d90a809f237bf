"""Which modules are for the federated tier alone: on the others none of them may be loaded."""

from __future__ import annotations

from collections.abc import Iterable

# Each stands for itself and for everything below it.
MODULES = (
    "flows.federated_tier",
    "orchestrator.operations.migrating",
    "orchestrator.operations.tier",
    "pgvector",
    "tiers.migration",
    "tiers.pgvector",
    "tiers.probes.pgvector",
    "tiers.search.model",
    "tiers.services.compose",
)


def federation_modules(loaded: Iterable[str]) -> tuple[str, ...]:
    """Those of `loaded` that are for the federated tier alone."""
    return tuple(
        name
        for name in loaded
        if any(name == module or name.startswith(f"{module}.") for module in MODULES)
    )
