"""`python -m mission.config` prints the JSON Schema of `mission.yaml`."""

import sys

from mission.config.schema import schema_text

sys.stdout.buffer.write(schema_text().encode("utf-8"))
