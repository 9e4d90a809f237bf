"""The regular expressions of the project."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[3]
PACKAGES = (
    *("agents", "cli", "dashboard", "errors", "flows", "forecast", "forges", "gates", "lookup"),
    *("mission", "missions", "orchestrator", "policy", "service", "tasks_md", "tiers", "workspace"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """A pattern, and how it is used."""

    name: str  # module.NAME; with a number where the name stands for several
    compiled: re.Pattern[Any]
    methods: frozenset[str]  # of the compiled pattern: "search", "fullmatch", ...


def patterns() -> dict[str, Pattern]:
    """All patterns that modules hold, and those that stand in the midst of a function."""
    held = (one for module in _modules() for one in _patterns(module))
    return {one.name: one for one in (*held, *_inline())}


def sources() -> Iterator[Path]:
    """Every module's file."""
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def calls(path: Path) -> Iterator[ast.Call]:
    """Where a module compiles or uses a pattern within a function: `re.search(...)`."""
    for top in ast.parse(path.read_text()).body:
        if isinstance(top, ast.FunctionDef | ast.ClassDef):
            for node in ast.walk(top):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id == "re"
                    and node.func.attr != "escape"
                ):
                    yield node


def _inline() -> Iterator[Pattern]:
    for path in sources():
        for call in calls(path):
            first = call.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str | bytes):
                assert isinstance(call.func, ast.Attribute)
                yield Pattern(
                    name=f"{path.relative_to(ROOT)}:{call.lineno}",
                    compiled=re.compile(first.value),
                    methods=frozenset({call.func.attr}),
                )


def _modules() -> Iterator[ModuleType]:
    for path in sources():
        parts = path.relative_to(ROOT).with_suffix("").parts
        if "import re\n" in path.read_text() and parts[-1] != "__main__":
            yield importlib.import_module(".".join(parts))


def _patterns(module: ModuleType) -> Iterator[Pattern]:
    used = _methods(Path(str(module.__file__)))
    for name, value in vars(module).items():
        if isinstance(value, type) and value.__module__ == module.__name__:
            held = list(_held([*vars(value).values()]))
        else:
            held = list(_held(value))
        for number, compiled in enumerate(held):
            yield Pattern(
                name=f"{module.__name__}.{name}" + (f".{number}" if len(held) > 1 else ""),
                compiled=compiled,
                methods=frozenset(used.get(name, {"search"})),
            )


def _held(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _held(one)
    elif isinstance(value, dict):
        yield from _held(list(value.values()))


def _methods(path: Path) -> dict[str, set[str]]:
    """Which methods a module calls of a name: `_ID.fullmatch(...)`."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            found.setdefault(node.func.value.id, set()).add(node.func.attr)
    return found


def use(pattern: Pattern, text: Any) -> None:
    """All that the project does with it."""
    for method in sorted(pattern.methods):
        if method == "sub":
            pattern.compiled.sub("" if isinstance(text, str) else b"", text)
        elif method in ("finditer", "findall", "split", "search", "match", "fullmatch"):
            found = getattr(pattern.compiled, method)(text)
            if method == "finditer":
                for _ in found:
                    pass
