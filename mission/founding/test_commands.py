"""The commands that test a project, read from the files that its tools go by."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_LONGEST = 1 << 20  # bytes that are read of a file
_TARGET = re.compile(r"^(test|check)[ \t]*:(?!=)", re.MULTILINE)
_RECIPE = re.compile(r"^@?(test|check)\b[^:=\n]*:(?!=)", re.MULTILINE)
_NO_TEST = "no test specified"  # what `npm init` writes
_PACKAGE_LOCKS = {
    "pnpm-lock.yaml": ("pnpm", ("install", "--frozen-lockfile")),
    "yarn.lock": ("yarn", ("install", "--frozen-lockfile")),
    "bun.lock": ("bun", ("install", "--frozen-lockfile")),
    "bun.lockb": ("bun", ("install", "--frozen-lockfile")),
    "package-lock.json": ("npm", ("ci",)),
    "npm-shrinkwrap.json": ("npm", ("ci",)),
}
_ELSEWHERE = {"npm": "--prefix", "pnpm": "--dir", "yarn": "--cwd", "bun": "--cwd"}


@dataclass(frozen=True, kw_only=True, slots=True)
class TestCommands:
    """What has to succeed, one command after another, in the top folder of a checkout."""

    source: str  # the file that says so
    commands: Sequence[Sequence[str]]  # program and arguments of each

    __test__ = False  # pytest takes it for tests of its own


def test_commands(top: Path, folder: Path) -> Iterator[TestCommands]:
    """The ways to test what is in `folder`, the likeliest first; nothing is started.

    Args:
        top: The top folder of the repository, in which the commands are to run.
        folder: In it; where it has no tests of its own, those of `top` come.
    """
    for place in dict.fromkeys((folder, top)):
        below = place.relative_to(top).as_posix()
        if below.startswith("-"):
            below = f"./{below}"  # a tool would take it for an option
        for find in _KINDS:
            yield from find(place, "" if below == "." else below)


test_commands.__test__ = False  # type: ignore[attr-defined]  # as above


def _make(folder: Path, below: str) -> Iterator[TestCommands]:
    for name in ("GNUmakefile", "makefile", "Makefile"):
        found = _TARGET.search(_text(folder / name))
        if found:
            yield _one(name, "make", *(("-C", below) if below else ()), found[1])
            return


def _just(folder: Path, below: str) -> Iterator[TestCommands]:
    for name in ("justfile", "Justfile", ".justfile"):
        found = _RECIPE.search(_text(folder / name))
        if found:
            where = ("--justfile", f"{below}/{name}") if below else ()
            yield _one(name, "just", *where, found[1])
            return


def _node(folder: Path, below: str) -> Iterator[TestCommands]:
    try:
        package = json.loads(_text(folder / "package.json") or "{}")
    except (ValueError, RecursionError):
        return
    scripts = package.get("scripts") if isinstance(package, dict) else None
    test = scripts.get("test") if isinstance(scripts, dict) else None
    if not isinstance(test, str) or _NO_TEST in test:
        return
    locks = (lock for lock in _PACKAGE_LOCKS if (folder / lock).is_file())
    tool, install = _PACKAGE_LOCKS.get(next(locks, ""), ("npm", ("install",)))
    where = (_ELSEWHERE[tool], below) if below else ()
    # A fresh checkout has no node_modules.
    run = [tool, *where, "run", "test"]
    yield TestCommands(source="package.json", commands=([tool, *where, *install], run))


def _python(folder: Path, below: str) -> Iterator[TestCommands]:
    text = _text(folder / "pyproject.toml")
    try:
        project = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        project = {}
    named = "pytest" in text or "pytest" in _text(folder / "setup.cfg")
    settings = next((n for n in ("pytest.ini", "tox.ini") if (folder / n).is_file()), None)
    tests = any((folder / "tests").glob("test_*.py")) or any(folder.glob("test_*.py"))
    if not (named or tests or settings):
        return
    source = "pyproject.toml" if text else settings or "tests"
    where = (below,) if below else ()
    if (folder / "uv.lock").is_file() or "uv" in project.get("tool", {}):
        project_folder = ("--directory", below) if below else ()
        yield _one("uv.lock", "uv", "run", *project_folder, "pytest")
    if (folder / "poetry.lock").is_file() and not below:
        install = ["poetry", "install"]
        yield TestCommands(source="poetry.lock", commands=(install, ["poetry", "run", "pytest"]))
    if settings == "tox.ini" and not named:
        yield _one("tox.ini", "tox", *(("-c", f"{below}/tox.ini") if below else ()))
    if named or settings == "pytest.ini":
        yield _one(source, "python3", "-m", "pytest", *where)
    elif tests:
        start = ("discover", "-s", f"{below}/tests" if below else "tests")
        suite = start if (folder / "tests").is_dir() else ("discover", "-s", below or ".")
        yield _one("tests", "python3", "-m", "unittest", *suite)


def _compiled(folder: Path, below: str) -> Iterator[TestCommands]:
    if (folder / "Cargo.toml").is_file():
        where = ("--manifest-path", f"{below}/Cargo.toml") if below else ()
        yield _one("Cargo.toml", "cargo", "test", *where)
    if (folder / "go.mod").is_file():
        yield _one("go.mod", "go", *(("-C", below) if below else ()), "test", "./...")
    if any(folder.glob("*.sln")) or any(folder.glob("*.csproj")):
        yield _one("*.csproj", "dotnet", "test", *((below,) if below else ()))


def _jvm(folder: Path, below: str) -> Iterator[TestCommands]:
    prefix = f"{below}/" if below else ""
    if (folder / "pom.xml").is_file():
        program = f"./{prefix}mvnw" if (folder / "mvnw").is_file() else "mvn"
        where = ("--file", below) if below else ()
        yield _one("pom.xml", program, "--batch-mode", *where, "test")
    for name in ("build.gradle.kts", "build.gradle"):
        if (folder / name).is_file():
            program = f"./{prefix}gradlew" if (folder / "gradlew").is_file() else "gradle"
            yield _one(name, program, *(("-p", below) if below else ()), "test")
            return


def _at_the_top(folder: Path, below: str) -> Iterator[TestCommands]:
    """Tools without an argument that names a folder."""
    if below:
        return
    if (folder / "mix.exs").is_file():
        commands = (["mix", "deps.get"], ["mix", "test"])
        yield TestCommands(source="mix.exs", commands=commands)
    if (folder / "Gemfile").is_file() and (folder / ".rspec").is_file():
        yield _one(".rspec", "bundle", "exec", "rspec")
    for name, command in (("Package.swift", ("swift", "test")), ("deno.json", ("deno", "test"))):
        if (folder / name).is_file():
            yield _one(name, *command)


_KINDS = (_make, _just, _node, _python, _compiled, _jvm, _at_the_top)


def _one(source: str, *command: str) -> TestCommands:
    return TestCommands(source=source, commands=(command,))


def _text(path: Path) -> str:
    """The beginning of a regular file; empty where there is none that can be read."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(_LONGEST).decode("utf-8", "replace")
    except OSError:  # then this file says nothing
        return ""
