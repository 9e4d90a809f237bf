"""What is wrong with a mission's settings, alone and against its plan. Pure.

`mission.config` says whether a `mission.yaml` is well formed. Here it is asked whether what stands
in it means anything: whether the names are those of things that exist.
"""

from __future__ import annotations

from mission.lint.bases import base_of
from mission.lint.known import Known
from mission.lint.programs import NamedProgram, named_programs
from mission.lint.rules import RULES
from mission.lint.settings import lint_rules, lint_settings
from mission.lint.subject import Subject

__all__ = [
    "RULES",
    "Known",
    "NamedProgram",
    "Subject",
    "base_of",
    "lint_rules",
    "lint_settings",
    "named_programs",
]
