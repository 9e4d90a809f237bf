"""How a mission begins: what a repository's own files say, and the two files that fit it."""

from __future__ import annotations
