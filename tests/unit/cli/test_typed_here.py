"""Commands in messages, as they are typed in the folder in which they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from cli.check import check
from cli.typed_here import begun, command_here, place_at, text_here
from errors.finding import Finding, Severity
from mission.place import Place
from orchestrator.soundness.soundness import Examined, examine
from tests.scratch import make, row


@pytest.fixture(autouse=True)
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A mission in the repository `m` that was named from the folder above, where another is."""
    make(tmp_path, [row("A")]).top.rename(tmp_path / "m")
    (tmp_path / "TASKS.md").write_text("## M (M)\n")
    monkeypatch.chdir(tmp_path)
    with begun():
        place_at("m/plan")
        yield


@pytest.mark.parametrize(
    ("typed", "here"),
    [
        ("git status", "git -C m status"),
        ("git add x && git commit -m Plan", "git -C m add x && git -C m commit -m Plan"),
        (
            "git add 'my git repo/TASKS.md' && git commit -m Plan",
            "git -C m add 'my git repo/TASKS.md' && git -C m commit -m Plan",
        ),
        ("git add 'a && git b'", "git -C m add 'a && git b'"),
        ("git -C /srv/x.git status", "git -C /srv/x.git status"),
        ("git -C '/srv/my git x' status", "git -C '/srv/my git x' status"),
        ("git push /srv/x.git main", "git -C m push /srv/x.git main"),
        ("git init m", "git init m"),
        ("mission retry A", "mission retry m/plan A"),
        (
            "mission show A, then mission approve A",
            "mission show m/plan A, then mission approve m/plan A",
        ),
        ("mission retry m/plan A", "mission retry m/plan A"),
        (
            "mission retry A --note 'after mission run'",
            "mission retry m/plan A --note 'after mission run'",
        ),
    ],
)
def test_only_what_is_typed_as_a_command_is_rewritten(typed: str, here: str) -> None:
    assert command_here(typed) == here


def test_what_people_and_agents_wrote_stays_as_it_is() -> None:
    note = "first `git status`, then `mission run`"
    text = f"{note} [mission: blocked: `mission unblock A` frees it]"
    assert text_here(text, of_others=[note, "", "a"]) == (
        f"{note} [mission: blocked: `mission unblock m/plan A` frees it]"
    )
    assert text_here(note, of_others=["else", note]) == note


def test_in_a_folder_that_somebody_deleted_git_is_sent_all_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert command_here("git status") == f"git -C {tmp_path / 'm'} status"


def test_each_finding_of_several_missions_names_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    head = "## M (M)\n\n| id | status | description |\n|-|-|-|\n"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "TASKS.md").write_text(f"{head}| A | faild | One |\n")

    def hinted(place: Place) -> Examined:
        found = Finding(
            rule="r",
            severity=Severity.ERROR,
            message="m",
            hint="`mission status` shows it",
            path=str(place.task_file),
            line=1,
            column=1,
        )
        return replace(examine(place), findings=(found,))

    monkeypatch.setattr("cli.check.examine", hinted)
    with pytest.raises(typer.Exit):
        check(["a", "b"])
    said = capsys.readouterr().out
    assert said.index("`mission status a`") < said.index("`mission status b`")
