"""The JSON Schema of `mission.yaml`, for editors. `make schema` writes it to `docs/`."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from mission.config.model import MissionConfig
from mission.config.values import format_duration


class OwnSchema(GenerateJsonSchema):
    """Writes defaults as people write them: `45m`, where pydantic would write `PT45M`."""

    def encode_default(self, dft: Any) -> Any:  # noqa: ANN401 - as pydantic declares it
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def schema_text() -> str:
    """The schema as it stands in `docs/mission.schema.json`, with its final line end."""
    schema = MissionConfig.model_json_schema(by_alias=True, schema_generator=OwnSchema)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
