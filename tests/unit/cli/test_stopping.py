"""A signal asks all to stop, and it is said where one of them could not be asked."""

from __future__ import annotations

import signal

import pytest

from cli.stopping import stopped_by_signals
from workspace.process import Stop


def test_a_signal_is_a_request_to_stop() -> None:
    stop = Stop()
    with stopped_by_signals(stop):
        signal.raise_signal(signal.SIGTERM)
        assert stop.wait(60)
    assert stop.reason == "SIGTERM was received"


def test_who_cannot_be_asked_is_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    def bug() -> None:
        raise LookupError("a bug")

    stop = Stop()
    with stop.calling(bug), stopped_by_signals(stop):
        signal.raise_signal(signal.SIGINT)
        assert stop.wait(60)
    told = capsys.readouterr().err
    assert "Not everything was told to stop (LookupError: a bug); press Ctrl-C again." in told
