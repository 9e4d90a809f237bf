"""The part of `mission.yaml` that concerns the claim: which clone carries the mission out."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    field_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from mission.config.section import Section
from mission.config.values import Duration

NEVER: Final = "never"
_LEAST = timedelta(seconds=1)


class ClaimConfig(Section):
    """How a run says on the remote that it lives, and when another clone may go on in its place."""

    sign: Duration = Field(
        default=timedelta(seconds=60),
        validate_default=True,
        description="How often a run gives a sign of life, besides each push. At least 1s.",
    )
    take_over: Duration = Field(
        default=timedelta(minutes=10),
        validate_default=True,
        description="How long there is no sign before `mission run --take-over` in another clone"
        " takes the mission. A run that could not give one for as long starts nothing.",
    )
    lapse: Duration = Field(
        default=timedelta(hours=1),
        validate_default=True,
        description="How long there is no sign before another clone's run takes it by itself. A run"
        " that could not give one ends its agents a quarter of that sooner, at most 5m; their rows"
        " wait, and go on in their sessions once it has given one.",
    )

    @field_validator("sign")
    @classmethod
    def _not_all_the_time(cls, sign: timedelta) -> timedelta:
        if sign < _LEAST:
            raise ValueError("a sign at least 1s after the other is soon enough")
        return sign

    @field_validator("take_over")
    @classmethod
    def _after_two_signs(cls, take_over: timedelta, given: ValidationInfo) -> timedelta:
        if take_over < 2 * given.data.get("sign", timedelta()):
            raise ValueError("it must be at least twice as long as sign")
        return take_over

    @field_validator("lapse")
    @classmethod
    def _no_sooner_than_a_person(cls, lapse: timedelta, given: ValidationInfo) -> timedelta:
        if lapse < given.data.get("take_over", timedelta()):
            raise ValueError("it must be no shorter than take_over")
        return lapse


class _OrNever:
    """`never` in the file is None here."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        (settings, _) = handler(schema)["anyOf"]
        return {"anyOf": [settings, {"const": NEVER, "type": "string"}]}


def _read(value: object) -> object:
    if value is None:
        raise PydanticCustomError("claim", "empty")
    return None if value == NEVER else value


MaybeClaim = Annotated[ClaimConfig | None, _OrNever()]
"""How a mission is claimed; None: it is not."""
