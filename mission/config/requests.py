"""The part of `mission.yaml` that concerns requests from other clones."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from mission.config.section import Section
from mission.config.values import Duration


class RequestsConfig(Section):
    """Requests that come through the remote: `mission approve` and others, typed in another clone
    than the one that carries the mission out."""

    signed: str | None = Field(
        default=None,
        min_length=1,
        description="A file of keys, as ssh's `allowed_signers`: only requests whose commit one of"
        " them has signed count. A path in the repository is read as the base has it; any other"
        " file is read where it is. Without it, whoever can push there can ask. With it, a run that"
        " goes on after another clone's takes nothing but usage from that one's record, which"
        " nobody signs: what is not merged is done again, or waits for a person.",
    )
    look: Duration = Field(
        default=timedelta(seconds=10),
        description="How often the run looks for them. For two minutes after one came it looks"
        " every two seconds, since somebody is at it.",
    )
    expire: Duration = Field(
        default=timedelta(days=7),
        description="A request that is older when a run sees it is refused.",
    )
