"""The runner's word in a row's notes: one bracket at the end, replaced each time.

What people wrote in the cell stays as it is.
"""

from __future__ import annotations

import re

_LONGEST = 400  # characters; the log and the journal hold the rest
_OPENING = "[mission: "
# Control characters, line ends, and what makes text read in another order than it is written.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def with_word(notes: str, word: str) -> str:
    """`notes` with `word` as the runner's word. An empty word takes the bracket away."""
    kept = without_word(notes)
    if not word:
        return kept
    text = _CONTROL.sub(" ", word).replace("[", "(").replace("]", ")")
    text = " ".join(text.split())
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1].rstrip() + "…"
    bracket = f"[mission: {text}]"
    return f"{kept} {bracket}" if kept else bracket


def without_word(notes: str) -> str:
    """`notes` without the bracket at their end, if it is the runner's."""
    text = notes.rstrip()
    kept, opening, word = text.removesuffix("]").rpartition(_OPENING)
    ours = opening and text.endswith("]") and "[" not in word and "]" not in word
    return kept.rstrip() if ours else text
