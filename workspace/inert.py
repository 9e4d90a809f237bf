"""Words of a plan or an agent in texts that forges and their CI act on.

`[skip ci]` in a commit's message keeps CI from running, `fixes #12` closes an issue that other rows
still work on. The words are to be read by people there, and to do nothing. So this rests on no list
of such words: what they all need, square brackets, rows of asterisks and references to issues, is
written in another way.
"""

from __future__ import annotations

import re

_BRACKETS = str.maketrans("[]", "()")  # [skip ci], [ci skip], [no ci], [skip actions], ...
_ASTERISKS = re.compile(r"\*{2,}")  # ***NO_CI***
_REFERENCE = re.compile(r"(#|!|\bGH-|/(?:issues|pulls?|merge_requests|work_items)/)(?=\w)")


def inert(text: str) -> str:
    """`text` without anything that a forge or its CI would act on."""
    return _REFERENCE.sub(r"\1 ", _ASTERISKS.sub("*", text.translate(_BRACKETS)))
