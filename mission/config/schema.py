"""The JSON Schema of `mission.yaml`, for editors. `make schema` writes it to `docs/`."""

from __future__ import annotations

import json

from mission.config.model import MissionConfig


def schema_text() -> str:
    """The schema as it stands in `docs/mission.schema.json`, with its final line end."""
    schema = MissionConfig.model_json_schema(by_alias=True)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
