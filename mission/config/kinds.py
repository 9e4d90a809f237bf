"""Sections whose `type` decides which keys they may have: a union that plug-ins can add to.

Each type is a model of its own, so that a key of another type is as unknown as a misspelled one.
What a type accepts is said there and nowhere else: complaints, the schema and the reference ask.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from errors import ConfigError
from mission.config import plugins
from mission.config.section import Section

#: What the validator says beside pydantic's own words; complaints know these two.
UNKNOWN_TYPE = "unknown_type"
UNLOADABLE = "unloadable_plugin"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kinds:
    """The types that one place of `mission.yaml` may have. As an annotation: the union of them."""

    noun: str  # what one of them is called: gate
    group: str  # of entry points
    base: type[Section]  # the keys that all of them have
    models: Mapping[str, type[Section]]  # ours
    default: str | None = None  # what counts where no type is given; None: it must be
    by_name: Mapping[str, str] = field(default_factory=dict)  # ... under certain names

    def type_of(self, value: object, name: str | int = "") -> str | None:
        """The type that a section asks for; None where it asks for none that could be."""
        if not isinstance(value, Mapping):
            return None
        given = value.get("type", self.by_name.get(str(name), self.default))
        return given if isinstance(given, str) else None

    def names(self) -> tuple[str, ...]:
        """Every type that there is, those of installed plug-ins too. Imports nothing."""
        return tuple(sorted({*self.models, *plugins.installed(self.group)}))

    def model(self, kind: str) -> type[Section] | None:
        """The model of a type's keys; None where there is no such type.

        Raises:
            ConfigError: It is a plug-in's, and that cannot be loaded, or its model is none.
        """
        if kind in self.models:
            return self.models[kind]
        loaded = plugins.load(self.group, kind)
        if loaded is None:
            return None
        model = getattr(loaded, plugins.MODEL, self.base)
        if not (isinstance(model, type) and issubclass(model, self.base)):
            raise ConfigError(
                f"the {self.noun} plug-in {kind!r} cannot be used: its {plugins.MODEL} is no"
                f" subclass of {self.base.__module__}.{self.base.__name__}",
                hint="Correct its package, or take it out of mission.yaml",
            )
        return model

    def owners(self, key: str) -> tuple[str, ...]:
        """Those of our types that have a key; none where every type has it, or no type."""
        if key in self.base.model_fields:
            return ()
        return tuple(name for name, model in self.models.items() if key in model.model_fields)

    def read(self, value: object, info: ValidationInfo) -> Section:
        """The section that a value is, by its type. Pydantic asks this."""
        if isinstance(value, self.base):
            return value
        if not isinstance(value, dict):
            return self.base.model_validate(value)  # which says what it is instead
        kind = self.type_of(value)
        if kind is None:
            return self.base.model_validate({"type": value["type"]} if "type" in value else {})
        model = self._found(kind)
        if info.mode == "json":  # strict parts take texts for what JSON has no form of its own for
            return model.model_validate_json(json.dumps(value), by_alias=True)
        return model.model_validate(value, by_alias=True, by_name=False)

    def _found(self, kind: str) -> type[Section]:
        try:
            model = self.model(kind)
        except ConfigError as error:
            words = {"message": error.message, "hint": error.hint}
            raise PydanticCustomError(UNLOADABLE, "{message}", words) from error
        if model is None:
            raise PydanticCustomError(UNKNOWN_TYPE, "there is no type {kind}", {"kind": kind})
        return model

    def __get_pydantic_core_schema__(
        self, _source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """A value is validated by the model of its type, and written as what it is."""
        ours = [handler.generate_schema(model) for model in dict.fromkeys(self.models.values())]
        return core_schema.with_info_wrap_validator_function(
            lambda value, _union, info: self.read(value, info),
            core_schema.union_schema([*ours]),
            serialization=core_schema.simple_ser_schema("any"),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Each of our types with its own keys, and what a plug-in's may be: anything."""
        ours = handler(schema)
        choices: list[dict[str, Any]] = ours.get("anyOf", [ours])
        kind: dict[str, Any] = {
            "type": "string",
            "minLength": 1,
            "not": {"enum": sorted(self.models)},
            "description": "A type that a plug-in adds, with keys of its own.",
        }
        added = {"type": "object", "properties": {"type": kind}, "required": ["type"]}
        required = {} if self.default is not None else {"required": ["type"]}
        return {"anyOf": [*choices, added], **required}
