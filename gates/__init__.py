"""Gates: what must say *clear* before a push or a merge."""
