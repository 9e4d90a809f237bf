"""What `service/` promises of itself: no console, no environment, no signal handler."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "service"
MODULES = sorted(FOLDER.rglob("*.py"))

_ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "expanduser", "expandvars", "getuser"}
_CONSOLE = {"print", "input", "stdin", "stdout", "stderr"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_nothing_is_printed_and_no_environment_read(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and not _is_output_of_a_process(node)
    }
    names |= {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not names & (_ENVIRONMENT | _CONSOLE | {"signal", "subprocess"})


def _is_output_of_a_process(node: ast.Attribute) -> bool:
    of_ours = isinstance(node.value, ast.Name) and node.value.id == "sys"
    return node.attr == "stdout" and not of_ours


def test_there_are_modules() -> None:
    assert len(MODULES) > 5
