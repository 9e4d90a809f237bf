"""What prepares a worktree is confined as the agent is: on a branch may be what an agent wrote."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conftest import requires
from tests.scratch import START, WORKER, make, row

TRIES = """
tried = {}
for name in sys.argv[1:]:
    try:
        pathlib.Path(name).write_text("planted")
    except OSError as error:
        tried[name] = str(error)
write("made/tried", json.dumps(tried))
"""


@requires("bwrap")
def test_a_preparation_reaches_no_further_than_its_agent(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "here").write_text("a person's")
    reached = [str(outside / "here"), str(tmp_path / "checkout/.git/config")]
    script = tmp_path / "worker.py"
    agent = {
        "type": "command",
        "run": [sys.executable, "-S", str(script)],
        "sandbox": {"type": "bubblewrap"},
    }
    prepare = [sys.executable, "-S", "-c", f"import sys\n{START}{TRIES}", *reached]
    scratch = make(
        tmp_path,
        [row("A")],
        worker=WORKER + "assert pathlib.Path('made/tried').exists()\n",
        config={"agents": {"worker": agent}, "worktree": {"prepare": [{"run": prepare}]}},
    )
    (scratch.top / ".git/info").mkdir(exist_ok=True)
    (scratch.top / ".git/info/exclude").write_text("made/\n")
    before = [Path(name).read_bytes() for name in reached]
    assert scratch.run().exit_code == 0, scratch.notes("A")
    assert [Path(name).read_bytes() for name in reached] == before
