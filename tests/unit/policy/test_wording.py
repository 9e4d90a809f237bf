"""Text of others calls nobody, whatever a messenger takes for a call."""

from __future__ import annotations

import pytest

from policy.notifying.wording import plain

_CALLS = ("@here", "<!channel>", "<@U012>", "<@&98>", "<#C012|x>", "<!subteam^S1>", "@&98", "@!7")


@pytest.mark.parametrize("call", _CALLS)
def test_a_call_is_broken(call: str) -> None:
    text = plain(f"see {call} now", 200)
    assert call not in text
    assert text.replace("\u200b", "") == f"see {call} now"
    for sign in ("<!", "<@", "<#", "@&", "@!", "@h"):
        assert sign not in text


def test_other_signs_stay() -> None:
    text = "a < b, <mission>, 3 @ 4, x<y"
    assert plain(text, 200) == text
