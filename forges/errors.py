"""What can go wrong between us and a forge.

    ForgeError                 the forge did not do what was asked
    ├── UnreachableError       no answer, half an answer, too late, too large, a server error
    ├── SettingsError          nothing was asked: this machine's proxy or certificates are set wrong
    ├── UnreadableAnswerError  an answer that is not what the API description says
    ├── RateLimitedError       too many questions; `retry_after` says how long to wait
    └── RefusedError           an answer that says no; `status` and the forge's own words
        ├── NotYetError        it may say yes to the same question later
        ├── CredentialsError   the token is missing, wrong or not allowed to do this
        └── NotFoundError      there is no such thing, or the token may not see it

All of them are one line without secrets. None of them ever means *clear*.
"""

from __future__ import annotations

from datetime import timedelta

from errors import ForgeError


class UnreachableError(ForgeError):
    """No whole answer in time. What was asked may have been done all the same."""


class SettingsError(ForgeError):
    """Nothing was asked: the environment's proxy or certificates cannot be used."""


class UnreadableAnswerError(ForgeError):
    """An answer that is not what the API description says."""


class RateLimitedError(ForgeError):
    """Too many questions."""

    def __init__(self, message: str, *, retry_after: timedelta | None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after  # None: the forge did not say


class RefusedError(ForgeError):
    """The forge says no. `status` is HTTP's, `words` are the forge's own."""

    def __init__(self, message: str, *, status: int, words: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.words = words


class NotYetError(RefusedError):
    """Not now: the forge asks to try again."""


class CredentialsError(RefusedError):
    """The token is missing, wrong, or not allowed to do this."""


class NotFoundError(RefusedError):
    """There is no such thing, or the token may not see it."""
