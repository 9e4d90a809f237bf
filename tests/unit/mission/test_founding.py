"""What a repository's files say of its tests, and the texts of a mission's first files."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mission.founding.test_commands import test_commands as ways_to_test
from mission.founding.texts import Row, Settings, plan_text, settings_text
from tasks_md.lint import lint
from tasks_md.parse import parse

PACKAGE = '{"scripts": {"test": "vitest"}}'

# the files of a folder -> what is to run at the repository's top; of the same one a level below it
PROJECTS: list[tuple[dict[str, str], list[str], list[str]]] = [
    ({"Makefile": "test: build\n\tpytest\n"}, ["make test"], ["make -C sub test"]),
    ({"Makefile": "check:\n\ttrue\n"}, ["make check"], ["make -C sub check"]),
    ({"Makefile": "test := 1\n"}, [], []),
    ({"justfile": "test *args:\n  x\n"}, ["just test"], ["just --justfile sub/justfile test"]),
    (
        {"package.json": PACKAGE, "package-lock.json": "{}"},
        ["npm ci", "npm run test"],
        ["npm --prefix sub ci", "npm --prefix sub run test"],
    ),
    (
        {"package.json": PACKAGE, "pnpm-lock.yaml": ""},
        ["pnpm install --frozen-lockfile", "pnpm run test"],
        ["pnpm --dir sub install --frozen-lockfile", "pnpm --dir sub run test"],
    ),
    ({"package.json": '{"scripts": {"test": "echo no test specified && exit 1"}}'}, [], []),
    ({"package.json": "[" * 9000}, [], []),
    ({"package.json": '{"scripts": 3}'}, [], []),
    (
        {"pyproject.toml": "[tool.pytest.ini_options]\n"},
        ["python3 -m pytest"],
        ["python3 -m pytest sub"],
    ),
    (
        {"pyproject.toml": "[dependency-groups]\ndev = ['pytest']\n", "uv.lock": ""},
        ["uv run pytest"],
        ["uv run --directory sub pytest"],
    ),
    ({"pyproject.toml": "not toml pytest ["}, ["python3 -m pytest"], ["python3 -m pytest sub"]),
    (
        {"tests/test_a.py": ""},
        ["python3 -m unittest discover -s tests"],
        ["python3 -m unittest discover -s sub/tests"],
    ),
    ({"tox.ini": ""}, ["tox"], ["tox -c sub/tox.ini"]),
    ({"Cargo.toml": ""}, ["cargo test"], ["cargo test --manifest-path sub/Cargo.toml"]),
    ({"go.mod": ""}, ["go test ./..."], ["go -C sub test ./..."]),
    ({"pom.xml": "", "mvnw": ""}, ["./mvnw --batch-mode test"],
     ["./sub/mvnw --batch-mode --file sub test"]),
    ({"build.gradle.kts": ""}, ["gradle test"], ["gradle -p sub test"]),
    ({"mix.exs": ""}, ["mix deps.get", "mix test"], []),
    ({}, [], []),
]  # fmt: skip


def _put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _first(top: Path, folder: Path) -> list[str]:
    found = next(ways_to_test(top, folder), None)
    return [" ".join(command) for command in found.commands] if found is not None else []


@pytest.mark.parametrize(("files", "top", "below"), PROJECTS)
def test_the_tests_of_a_project_are_found(
    tmp_path: Path, files: dict[str, str], top: list[str], below: list[str]
) -> None:
    whole, mono = tmp_path / "whole", tmp_path / "mono"
    _put(whole, {"README": "", **files})
    _put(mono / "sub", {"README": "", **files})
    assert _first(whole, whole) == top
    assert _first(mono, mono / "sub") == below


def test_a_folder_without_tests_has_those_of_the_repository(tmp_path: Path) -> None:
    _put(tmp_path, {"Makefile": "test:\n", "docs/README": ""})
    assert _first(tmp_path, tmp_path / "docs") == ["make test"]


@pytest.mark.parametrize("name", ["plain", "a | b", "`x`\n\n# y", "", "Größe 日本", "x" * 500])
def test_a_plan_holds_any_text_in_its_cells(name: str) -> None:
    hostile = Row(
        id="I-7",
        description="a | b\n| c \\|\r\nd\\ \x1b[2J",
        branch="issue-7",
        issue="#7",
        notes="ends in \\",
    )
    plan = parse(plan_text(name, ["codex", "sonnet"], [hostile, hostile_free()]), path="TASKS.md")

    assert [task.id for task in plan.tasks] == ["I-7", "M1-02"]
    assert plan.task("I-7").issue == "#7"
    assert plan.task("I-7").description == "a | b | c \\| d\\ \ufffd[2J"
    assert plan.task("I-7").notes == "ends in \\"
    assert lint(plan) == ()


def hostile_free() -> Row:
    """A row of ordinary text."""
    return Row(id="M1-02", description="Do it.", branch="m1-02")


@pytest.mark.parametrize("word", ["main", "no", "1.5", "a: b", "- x", "{branch}", "é", '"', "#1"])
def test_settings_keep_any_text(word: str) -> None:
    text = settings_text(
        Settings(
            base=word,
            remote=word,
            agent=word,
            tests=[[word, word], ["make", word]],
            no_tests="",
            queue=True,
            no_queue="",
            submodules=True,
        )
    )
    said = yaml.safe_load(text)
    assert (said["base"], said["remote"], said["routing"]) == (word, word, [{"agent": word}])
    assert said["worktree"] == {"submodules": True}
    steps = [step["run"] for step in said["verify"]]
    assert (steps, said["gates"]) == ([[word, word], ["make", word]], [{"type": "queue"}])
