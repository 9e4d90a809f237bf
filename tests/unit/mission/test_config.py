"""Reading `mission.yaml`: values, defaults, and complaints that name the place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from errors import ConfigError
from mission.config import (
    CommandAgentConfig,
    MissionConfig,
    format_duration,
    load_config,
    parse_config,
    parse_duration,
    parse_tokens,
)
from mission.config.document import examine_document, read_document
from mission.config.model import Column
from mission.state import Status
from tasks_md.model import COLUMNS

EVERYTHING = """\
mission: Federation v1
base: trunk
remote: null
max_parallel: 6
columns: {deps_on: depends_on}
statuses: {todo: not-started}
agents:
  sonnet:
    type: command
    run: [agent, --print]
    environment: [API_TOKEN]
    set: {MODE: quick}
    timeouts: {start: 30s, total: 1h30m}
    max_attempts: 2
    fallback: haiku
routing:
  - {match: {description: "*test*"}, agent: sonnet}
gates:
  - {type: script, run: [./queue.sh, "{purpose}"], timeout: 45m}
verify:
  - {name: tests, run: [make, test], on: [branch, merged]}
tasks:
  FED-M1-12: {run: close-milestone, with: {issue: 460}}
budget:
  task_factor: 2
  run: {tokens: 1.5M, usd: 20}
status: {commit: each, push: false}
"""


def test_every_key_is_read() -> None:
    config = parse_config(EVERYTHING.encode())
    assert config.base == "trunk"
    assert config.remote is None
    assert config.columns == {"deps_on": "depends_on"}
    assert config.statuses == {"todo": Status.NOT_STARTED}
    sonnet = config.agents["sonnet"]
    assert isinstance(sonnet, CommandAgentConfig)
    assert sonnet.run == ["agent", "--print"]
    assert sonnet.timeouts.start == timedelta(seconds=30)
    assert sonnet.timeouts.total == timedelta(minutes=90)
    assert config.gates[0].timeout == timedelta(minutes=45)
    assert config.verify[0].on == ["branch", "merged"]
    assert config.tasks["FED-M1-12"].with_ == {"issue": 460}
    assert config.budget.task_factor == 2
    assert config.budget.run.tokens == 1_500_000
    assert config.status.commit == "each"
    assert not config.status.push


def test_columns_are_those_of_the_task_file() -> None:
    assert get_args(Column) == COLUMNS


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~\n", "\ufeff"])
def test_nothing_in_it_gives_the_defaults(text: str) -> None:
    assert parse_config(text.encode()) == MissionConfig()


def test_no_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load_config(None) == MissionConfig()
    assert load_config(tmp_path / "mission.yaml") == MissionConfig()


def test_another_suffix_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    (tmp_path / "mission.yml").write_text("base: trunk\n")
    with pytest.raises(ConfigError, match="not read under this name"):
        load_config(tmp_path / "mission.yaml")


@pytest.mark.parametrize("name", ["Mission.yaml", "MISSION.YML", "missions.yaml", "misson.yml"])
def test_nor_is_another_spelling(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("base: trunk\n")
    with pytest.raises(ConfigError, match=f"{name}: is not read under this name") as caught:
        load_config(tmp_path / "mission.yaml")
    assert caught.value.hint == "Call it mission.yaml"


def test_a_second_file_beside_it_is_not_passed_over_either(tmp_path: Path) -> None:
    (tmp_path / "mission.yaml").write_text("base: trunk\n")
    for name in ("emission.yaml", "missions.yaml", "mission.config.yaml", "mission.txt"):
        (tmp_path / name).write_text("x: y\n")  # of another name, as one is there
    assert load_config(tmp_path / "mission.yaml").base == "trunk"
    (tmp_path / "mission.yml").write_text("base: other\n")
    with pytest.raises(ConfigError, match=r"mission\.yml: is not read .*, as mission\.yaml is"):
        load_config(tmp_path / "mission.yaml")


def test_a_folder_in_its_place_is_a_complaint(tmp_path: Path) -> None:
    (tmp_path / "mission.yaml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "mission.yaml")


# text, line, what the message holds, what the hint holds
COMPLAINTS = [
    ("base: x\nmax_paralel: 3", 2, 'unknown key "max_paralel"', "Did you mean max_parallel?"),
    ("max_parallel: 0", 1, '"max_parallel" cannot be 0', "a whole number from 1 to 1024"),
    ("max_parallel: '4'", 1, '"max_parallel" cannot be "4"', "a whole number"),
    ("max_parallel: true", 1, '"max_parallel" cannot be true', "a whole number"),
    ("status:\n  commit: evr", 2, '"status.commit" cannot be evr', "end, each, never"),
    ("status:\n  push: yes", 2, '"status.push" cannot be yes', "true, false"),
    ("verify:\n- name: x\n  on: [merged]", 2, '"verify[0].run" is missing', "a list"),
    ("verify:\n- name: x\n  run: make test", 3, '"verify[0].run" cannot be make test', "a list"),
    ("verify:\n- name: x\n  run:\n  - sleep\n  - 10", 5, '"verify[0].run[1]"', "in quotes"),
    ("gates:\n- type: none\n  timeout: 45", 3, '"gates[0].timeout" cannot be 45', "45m"),
    ("gates:\n- type: none\n  timout: 45m", 3, 'unknown key "gates[0].timout"', "timeout?"),
    ("agents:\n  codex:\n    max_attempts: 1.5", 3, "agents.codex.max_attempts", "whole number"),
    ("agents:\n  codex:", 2, '"agents.codex" cannot be empty', "a mapping with the keys type"),
    (
        "gates:\n- type: script\n  run: [x]\n  required: [ci]",
        4,
        "gates[0].required: a key of gates of type queue, and this one is of type script",
        "It is for queue: take it out, or correct the type",
    ),
    (
        "agents:\n  haiku:\n    run: [x]",
        3,
        "agents.haiku.run: a key of agents of type command, and this one is of type claude",
        "It is for command",
    ),
    (
        "agents:\n  x:\n    type: codex\n    max_turns: 3",
        4,
        "a key of agents of type claude and glm, and this one is of type codex",
        "It is for claude and glm",
    ),
    ("agents:\n  x: {}", 2, "an agent of type command needs `run`", "the `type` of another agent"),
    ("gates:\n- run: [x]", 2, '"gates[0].type" is missing', "none, queue, script"),
    ("gates:\n- type: moon", 2, "gates[0].type: there is no type moon", "queue, script"),
    ("forge: {type: gitae}", 1, "forge.type: there is no type gitae", "Did you mean gitea?"),
    (
        "agents:\n  codex:\n    type: [a]",
        3,
        '"agents.codex.type" has a value of the wrong kind',
        "text",
    ),
    ("columns:\n  dep: depends", 2, '"columns.dep" cannot be depends', "depends_on?"),
    ("statuses:\n  todo: not-startd", 2, "cannot be not-startd", "Did you mean not-started?"),
    ("budget:\n  run:\n    tokens: 4X", 3, '"budget.run.tokens" cannot be 4X', "4K"),
    ("budget:\n  run:\n    tokens: -4", 3, '"budget.run.tokens" cannot be -4', "number of tokens"),
    ("budget:\n  run:\n    usd: 1e400", 3, '"budget.run.usd" cannot be inf', "a number from 0"),
    ("mission: 2024", 1, '"mission" cannot be 2024', "in quotes"),
    ("tasks:\n  A-1:\n    with_: {}", 3, 'unknown key "tasks.A-1.with_"', "Did you mean with?"),
    ("base: a\n\nbase: b", 3, 'duplicate key "base" (first on line 1)', ""),
    ("agents:\n\tcodex: {}", 2, "a tab", "spaces"),
    ("- base", 1, "keys and values at its top level", "mission, base"),
    ("hello", 1, "keys and values at its top level", ""),
    ("tasks: &t [*t]", 1, "contains itself", ""),
    ("base: x\nremote: !!python/object:os.system x", 2, "tag", ""),
    ("base: x\n--- \nbase: y", 2, "a second document", ""),
    ("base: x\n[1]: y", 2, "", ""),
    ("? [1]\n: y", 1, "plain text", ""),
    ("base: *x", 1, "undefined alias", ""),
    ("base: \x01", 1, "control character", ""),
    ("a: " + "[" * 5000, 1, "nested more than 32 levels", ""),
]


@pytest.mark.parametrize(("text", "line", "message", "hint"), COMPLAINTS)
def test_complaints_name_the_place(text: str, line: int, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text.encode(), "there/mission.yaml")
    assert caught.value.message.startswith(f"there/mission.yaml:{line}")
    assert caught.value.line == line
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "\n" not in str(caught.value)


def test_a_file_full_of_mistakes_takes_no_time_for_each() -> None:
    text = "agents:\n" + "".join(f"  a{n}: {{run: [x], k{n}: 1}}\n" for n in range(2000))
    with pytest.raises(ConfigError, match=r'unknown key "agents\.a0\.k0"'):
        parse_config(text.encode())


def test_further_complaints_are_counted() -> None:
    with pytest.raises(ConfigError, match=r"\(also line 2, 3\)"):
        parse_config(b"bas: x\nmax_parallel: 0\nremot: y\n")


def test_an_anchor_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    with pytest.raises(ConfigError, match="unfold to more than"):
        parse_config("\n".join(lines).encode())


def test_a_huge_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="larger than 1 MB"):
        parse_config(b"#" * 1_000_001)


def test_other_encodings_are_refused_with_the_line() -> None:
    with pytest.raises(ConfigError, match=r"mission\.yaml:2: is not UTF-8"):
        parse_config(b"base: x\nmission: \xff\n")


def test_values_that_may_be_secret_are_not_repeated() -> None:
    for text in ("agents: {a: {set: {X: 12345678}}}", "api_token: 12345678"):
        with pytest.raises(ConfigError) as caught:
            parse_config(text.encode())
        assert "12345678" not in str(caught.value)


def test_words_of_yaml_1_1_are_words() -> None:
    config = parse_config(b"mission: on\nbase: 1:30\nremote: 2024-01-02\ntasks: {010: {run: no}}\n")
    assert (config.mission, config.base, config.remote) == ("on", "1:30", "2024-01-02")
    assert config.tasks["010"].run == "no"


def test_anchors_and_merges_are_understood() -> None:
    text = """\
agents:
  sonnet: &base {type: command, run: [x], max_attempts: 2}
  haiku: {<<: *base, max_attempts: 1}
"""
    agents = parse_config(text.encode()).agents
    assert isinstance(agents["haiku"], CommandAgentConfig)
    assert agents["haiku"].run == ["x"]
    assert (agents["sonnet"].max_attempts, agents["haiku"].max_attempts) == (2, 1)


def test_a_key_stands_where_it_is_written_not_where_it_is_merged_from() -> None:
    text = "agents:\n  a: &a {run: [x, y]}\n  b:\n    run: [z]\n    <<: *a\n  c: *a\n"
    document = read_document(text.encode(), "mission.yaml")
    assert document.value["agents"]["b"] == {"run": ["z"]}  # type: ignore[index]  # it is plain data
    assert document.mark(("agents", "b", "run")).line == 4
    assert document.mark(("agents", "b", "run", 0)).line == 4
    assert document.mark(("agents", "c", "run", 1)).line == 2


def test_one_look_finds_every_mistake() -> None:
    document = examine_document(b"a: 1\na: 2\nb: !x y\nc: [3]\nc: 4\n", "mission.yaml")
    assert [mistake.mark.line for mistake in document.mistakes] == [2, 3, 5]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45m", 2700),
        ("1h30m", 5400),
        ("10s", 10),
        ("0.5s", 0.5),
        ("2d", 172800),
        ("1d2h3m4s", 93784),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "45", "m", "45 m", "-5m", "5m1h", "٣m", "1e3s", "9" * 50])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=10**12))
def test_durations_read_back_as_written(microseconds: int) -> None:
    duration = timedelta(microseconds=microseconds)
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    ("text", "tokens"), [("4K", 4000), ("1.5M", 1_500_000), ("800", 800), ("0", 0), ("2.5k", 2500)]
)
def test_tokens(text: str, tokens: int) -> None:
    assert parse_tokens(text) == tokens


@pytest.mark.parametrize("text", ["", "K", "-1K", "4X", "1e3"])
def test_what_is_no_number_of_tokens(text: str) -> None:
    with pytest.raises(ValueError, match="tokens"):
        parse_tokens(text)


def refusal_of(raw: bytes) -> ConfigError | None:
    """The error that these bytes give, if they give one. Any other exception is a failure."""
    try:
        parse_config(raw)
    except ConfigError as error:
        return error
    return None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_place(raw: bytes) -> None:
    error = refusal_of(raw)
    assert error is None or error.message.startswith("mission.yaml")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*MissionConfig.model_fields, "run", "name", "type", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_structure_is_read_or_refused_with_a_line(value: object) -> None:
    error = refusal_of(yaml.safe_dump(value).encode())
    assert error is None or (error.line >= 1 and "\n" not in str(error))
