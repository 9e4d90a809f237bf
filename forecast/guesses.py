"""What is taken for likely until the journal tells: one place, so that people can see it.

Each is worth as much as a few observations (`WEIGHT`), and fades as more come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mission.outcome import Outcome

WEIGHT: Final = 4.0  # observations that a guess counts for

# Of an agent's work, in seconds: to begin with, and for each token of the row's estimate. With
# them a row of 12K takes nine minutes.
WORK_SECONDS: Final = 60.0
SECONDS_PER_TOKEN: Final = 0.04
WORK_SPREAD: Final = 0.7  # sd of the logarithm: of three rows one takes half as long, or twice
TOKEN_SPREAD: Final = 0.6
TOKENS: Final = 5_000  # of a row without an estimate, in a plan that has none

OPERATION_SECONDS: Final = 60.0

# From the agent's end to the merge queue, and for each verify step on the branch.
DELIVERY_SECONDS: Final = 5.0
STEP_SECONDS: Final = 45.0
# Of the queue's work on one landing, beside verifying and gates.
LANDING_SECONDS: Final = 8.0
OTHER_SPREAD: Final = 0.8

REVIEW_SECONDS: Final = 120.0
GATE_SECONDS: Final = 60.0  # that a gate is waited for, where one is configured

#: How an agent's attempt ends. What is left of 1 is success.
ENDS: Final[Mapping[Outcome, float]] = {
    Outcome.CRASHED: 0.02,
    Outcome.TIMED_OUT: 0.01,
    Outcome.NO_CHANGES: 0.02,
    Outcome.BLOCKED: 0.01,
    Outcome.NEEDS_QA: 0.02,
    Outcome.RATE_LIMIT: 0.005,
    Outcome.QUOTA: 0.003,
}
OPERATION_FAILS: Final = 0.03
RED_BRANCH: Final = 0.08  # verifications of a branch that fail
RED_MERGE: Final = 0.03  # ... of a squash
CONFLICT: Final = 0.03  # branches that do not apply
REVIEW_PASSES: Final = 0.7
