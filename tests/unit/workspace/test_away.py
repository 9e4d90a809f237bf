"""Which failures of git say that the remote cannot be reached, and how that is waited for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from errors import RemoteAwayError, StoppedError
from workspace.away import Away
from workspace.process import Stop


def away(patience: timedelta = timedelta(0), stop: Stop | None = None) -> Away:
    return Away(patience=patience, stop=stop or Stop(), tell=lambda text, gone: None)


@pytest.mark.parametrize(
    "said",
    [
        "fatal: unable to connect to 127.0.0.1:\n127.0.0.1[0: 127.0.0.1]: errno=Connection refused",
        "fatal: unable to access 'https://h/r.git/': Could not resolve host: h",
        "fatal: unable to look up h (port 9418) (Temporary failure in name resolution)",
        "fatal: unable to access 'https://h/': Failed to connect to h port 443 after 1 ms",
        "ssh: connect to host h port 22: No route to host",
        "kex_exchange_identification: Connection closed by remote host",
        "fatal: unable to access 'https://h/': The requested URL returned error: 503",
        "error: RPC failed; curl 56 GnuTLS recv error (-54)\nfatal: early EOF",
        "fatal: unable to access 'https://h/': Operation too slow. Less than 1000 bytes/sec",
    ],
)
def test_nobody_answered(said: str) -> None:
    assert away().is_away(said)


@pytest.mark.parametrize(
    "said",
    [
        "fatal: Authentication failed for 'https://h/r.git/'",
        "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.",
        "fatal: unable to access 'https://h/': The requested URL returned error: 403",
        "remote: Repository not found.",
        "fatal: couldn't find remote ref refs/heads/main",
        " ! [rejected] main -> main (stale info)",
        "fatal: unable to access 'https://h/': SSL certificate problem: unable to get local issuer",
        "",
        # Git hangs up itself, where all was to be moved or nothing.
        "fatal: the remote end hung up unexpectedly\n ! [rejected] main -> main (stale info)",
        "the receiving end does not support --atomic push\nthe remote end hung up unexpectedly",
    ],
)
def test_somebody_answered(said: str) -> None:
    assert not away().is_away(said)


def test_a_folder_is_away_only_if_it_was_there() -> None:
    remote, said = away(), "fatal: '/mnt/r.git' does not appear to be a git repository"
    assert not remote.is_away(said)
    remote.answered()
    assert remote.is_away(said)


def test_what_is_told_and_held() -> None:
    told: list[tuple[str, bool]] = []
    back: list[str] = []
    stop = Stop()
    stop.request("enough")
    remote = Away(
        patience=timedelta(hours=1), stop=stop, tell=lambda text, gone: told.append((text, gone))
    )
    with remote.calling(lambda: back.append("back")):
        remote.answered()
        assert (told, back) == ([], [])
        for turn in range(2):
            with pytest.raises(StoppedError):
                remote.wait(turn, "errno=Connection refused")
        held = [remote.holds]
        assert [gone for _, gone in told] == [True]
        remote.answered()
    assert [*held, remote.holds] == [True, False]
    assert [gone for _, gone in told] == [True, False]
    assert back == ["back"]


def test_an_address_that_never_answered_is_not_waited_for_long() -> None:
    told: list[str] = []
    stop = Stop()
    stop.request("enough")
    for answered, most in ((False, "30s"), (True, "1h00m")):
        remote = Away(
            patience=timedelta(hours=1), stop=stop, tell=lambda text, gone: told.append(text)
        )
        if answered:
            remote.answered()
        with pytest.raises(StoppedError):
            remote.wait(0, "errno=Connection refused")
        assert f"for up to {most}:" in told[-1]


def test_a_patience_that_is_over() -> None:
    with pytest.raises(RemoteAwayError, match=r"could not be reached for .*: refused"):
        away().wait(0, "refused")


def test_a_remote_that_cannot_save_is_told_as_one() -> None:
    told: list[str] = []
    stop = Stop()
    stop.request("enough")
    remote = Away(patience=timedelta(hours=1), stop=stop, tell=lambda text, gone: told.append(text))
    full = "remote: fatal: unable to write loose object file: No space left on device"
    assert remote.is_away(full)
    for said in (full, full, "errno=Connection refused", full):
        with pytest.raises(StoppedError):
            remote.wait(0, "why", said)
    remote.answered()
    cannot, gone = "answers, and cannot save what it is sent", "cannot be reached"
    assert [cannot in one for one in told] == [True, False, True, False]
    assert [gone in one for one in told] == [False, True, False, False]
    assert "the remote works again, after" in told[-1]
    with pytest.raises(RemoteAwayError, match=r"could not save anything for .*: why"):
        away().wait(0, "why", full)


@pytest.mark.parametrize(
    "said",
    [
        "fatal: expected flush after ref listing",
        "fatal: protocol error: bad line length character: ",
        "fatal: expected packfile to be sent after 'ready'",
        "fatal: premature end of pack file, 12 byte missing",
    ],
)
def test_a_line_that_was_cut_in_the_middle_is_tried_again(said: str) -> None:
    stop = Stop()
    stop.request("enough")
    with pytest.raises(StoppedError):
        away(stop=stop).is_hiccup(128, said, 0)
