"""What says what the runner runs, sends and to whom changes when a person has agreed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scratch import START, make, row
from workspace.git import Git

pytestmark = pytest.mark.timeout(120)

TIER = "".join(f"# line {number} of what people say about it\n" for number in range(20))
CHANGES = {
    "NEW": "write('mission.config.yaml', 'tier: local\\n')",
    "CASE": "os.mkdir('docs'); write('docs/Mission.Config.JSON', '{}')",
    "OTHER": "os.mkdir('other'); write('other/mission.yaml', '{}')",
    "GONE": "os.unlink('plan/mission.yaml')",
    "MOVED": "git('mv', 'plan/mission.yaml', 'plan/old.yaml')",
    "LINK": "write('settings/tier.yaml', 'tier: federated\\n')",
    "WAY": "git('mv', 'settings', 'set'); write('settings', 'gone'); git('add', '-A')",
    "BEND": "os.mkdir('new'); write('new/t.json', '{}');"
    " os.unlink('inner'); os.symlink('new', 'inner')",
    "NAMED": "write('storage.json', '{}')",
    "PAUSE": "os.symlink('/etc/passwd', 'plan/PAUSED')",
    "WORK": "write('mission.config.md', 'about it')",
}


def test_work_that_changes_settings_waits_for_a_person(tmp_path: Path) -> None:
    changes = "\n".join(f"if task == {task!r}: {change}" for task, change in CHANGES.items())
    scratch = make(
        tmp_path,
        [*map(row, CHANGES), row("TIER", status="done")],
        worker=START + changes,
        config={"tasks": {"TIER": {"run": "tier-detect", "with": {"config": "storage.json"}}}},
    )
    (scratch.top / "settings").mkdir()
    (scratch.top / "settings" / "tier.yaml").write_text(TIER + "tier: local\n")
    (scratch.top / "mission.config.yml").symlink_to("settings/tier.yaml")
    # A link among the folders on the way of another.
    (scratch.top / "inner").symlink_to("settings")
    (scratch.top / "outer").symlink_to("inner")
    (scratch.top / "mission.config.json").symlink_to("outer/t.json")
    (scratch.top / "settings" / "t.json").write_text("{}")
    scratch.git.run("add", "--all")
    scratch.git.run("commit", "--quiet", "--message", "settings")
    scratch.git.run("push", "--quiet", "origin", "HEAD:main")
    scratch.run()
    done = dict.fromkeys(("WORK", "TIER"), "done")
    assert scratch.statuses() == dict.fromkeys(CHANGES, "needs-qa") | done
    assert "settings/tier.yaml" in scratch.notes("LINK")


def test_a_rename_on_the_base_carries_no_change_into_the_settings(tmp_path: Path) -> None:
    worker = START + (
        "os.environ['GIT_CONFIG_GLOBAL'] = os.devnull\n"
        "write('ideas.yaml', pathlib.Path('ideas.yaml').read_text() + 'tier: federated\\n')\n"
        "url = git('remote', 'get-url', 'origin')\n"
        "git('clone', '-q', url, '../clone')\n"
        "os.chdir('../clone')\n"
        "git('mv', 'ideas.yaml', 'mission.config.yaml')\n"
        "git('-c', 'user.name=P', '-c', 'user.email=p@x', 'commit', '-q', '-m', 'rename')\n"
        "git('push', '-q')\n"
    )
    scratch = make(tmp_path, [row("A")], worker=worker)
    (scratch.top / "ideas.yaml").write_text(TIER)
    scratch.git.run("add", "--all")
    scratch.git.run("commit", "--quiet", "--message", "ideas")
    scratch.git.run("push", "--quiet", "origin", "HEAD:main")
    assert scratch.run().needs_qa == ("A",)
    assert "mission.config.yaml" in scratch.notes("A")
    assert "federated" not in Git(scratch.remote).text("show", "main:mission.config.yaml")
    with scratch.journal() as journal:
        journal.submit_request("approve", "A", by="person")
    scratch.run()
    assert "federated" in Git(scratch.remote).text("show", "main:mission.config.yaml")
