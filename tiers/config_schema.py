"""The JSON Schema of the tier's configuration: `python -m tiers.config_schema` prints it."""

from __future__ import annotations

import json
import sys

from tiers.settings.model import TierSettings

TITLE = "mission.config.json: the storage tier of a mission"


def schema_text() -> str:
    """The schema as `docs/mission.config.schema.json` has it."""
    schema = TierSettings.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = TITLE
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
