"""The thread that gives signs of life."""

from __future__ import annotations

import threading

from errors import GitError
from orchestrator.claiming.renewal import Renewal


def test_after_a_cut_it_signs_again_as_soon_as_a_sign_is_due() -> None:
    said: list[str] = []
    tries, again = [GitError("cut")], threading.Event()

    def sign() -> float:
        if tries:
            raise tries.pop()
        again.set()
        return 3600.0

    renewal = Renewal(sign, every=0.0, say=said.append, give_up=said.append)
    renewal.start()
    try:
        assert again.wait(
            9
        )  # and not after the ten seconds of a claim that is signed once a minute
    finally:
        renewal.end()
    assert said == [
        "the claim on the mission could not be renewed: cut",
        "the claim on the mission is renewed again",
    ]
