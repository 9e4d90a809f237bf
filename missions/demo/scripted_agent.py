"""The demo's agent: a script that behaves like a coding agent and calls no model.

It reads its brief on standard input, works in the worktree that it is started in, commits, and says
what it did as JSON on its last line. On a row with a branch it writes what the row names, or a
module and its test; on a row without one it reads what is there, reports, and changes nothing.
It needs Python and git, nothing else.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

# What looks like a credential in a file of the repository: the review looks for these.
CREDENTIAL = re.compile(r"(?i)\b(password|secret|token|api_key)\s*[:=]\s*['\"]?[\w+/-]{8,}")


def git(*arguments: str) -> str:
    """What git printed; ends the agent when git fails."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        finish("failed", f"git {arguments[0]} failed: {done.stderr.strip()}", code=1)
    return done.stdout.strip()


def say(text: str) -> None:
    print(text, flush=True)


def finish(outcome: str, summary: str, *, code: int = 0) -> None:
    say(json.dumps({"outcome": outcome, "summary": summary}))
    sys.exit(code)


def quoted(brief: str, title: str) -> str:
    """The fenced text of one section of the brief; empty where there is none."""
    fence = r"\n\n(`{3,}|~{3,})[^\n]*\n(.*?)\n\1"
    found = re.search(rf"^## {re.escape(title)}{fence}", brief, re.MULTILINE | re.DOTALL)
    return found[2].strip() if found else ""


def named_paths(text: str) -> list[PurePosixPath]:
    """The paths under docs/ that a description names between backticks."""
    named = (PurePosixPath(word) for word in re.findall(r"`(docs/[\w./-]+)`", text))
    return [path for path in dict.fromkeys(named) if ".." not in path.parts]


def review() -> None:
    """Read every tracked file, report what looks like a credential, change nothing."""
    files = git("ls-files").splitlines()
    found = []
    for name in files:
        path = Path(name)
        if path.is_symlink() or not path.is_file():
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found += [f"{name}:{n}" for n, line in enumerate(lines, 1) if CREDENTIAL.search(line)]
        say(f"read {name}")
    verdict = f"credentials, it seems: {', '.join(found)}" if found else "no credential in any file"
    finish(
        "success", f"Read {len(files)} files at {git('rev-parse', '--short', 'HEAD')}: {verdict}"
    )


def write(path: PurePosixPath, text: str, message: str) -> None:
    """Write one file and commit it, unless an attempt that was cut off has done so already."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    git("add", "--", str(path))
    if git("diff", "--cached", "--name-only"):
        git("commit", "--quiet", "-m", message)
        say(f"committed {path}")


def write_documents(task: str, text: str, paths: list[PurePosixPath]) -> list[PurePosixPath]:
    """A page for each path that the row names, and a line in the README that leads to them."""
    pages = [path if path.suffix else path / f"{task.lower()}.md" for path in paths]
    text = text.replace("](", "] (")  # a link in the row leads from the plan, not from here
    for page in pages:
        write(page, f"# {page.parent.name.capitalize()}\n\n{text}\n", f"Write {page}")
    readme = Path("README.md")
    links = "".join(f"- [{page}]({page})\n" for page in pages)
    old = readme.read_text(encoding="utf-8") if readme.exists() else ""
    if links not in old:
        old = f"{old.rstrip()}\n\n{task}:\n\n{links}"
    write(PurePosixPath("README.md"), old, "Link the pages")
    return [*pages, PurePosixPath("README.md")]


def write_code(task: str, text: str) -> list[PurePosixPath]:
    """A module that knows its task, and a test of it."""
    name = re.sub(r"\W+", "_", task).strip("_").lower()
    module = f'"""What {task} is about."""\n\nSUMMARY = {text[:200]!r}\n'
    test = f"from gateway.{name} import SUMMARY\n\n\ndef test_summary():\n    assert SUMMARY\n"
    files = [PurePosixPath(f"gateway/{name}.py"), PurePosixPath(f"tests/test_{name}.py")]
    write(files[0], module, f"Add {files[0]}")
    write(files[1], test, f"Test {files[0]}")
    return files


def main() -> None:
    task = os.environ.get("MISSION_TASK", "task")
    brief = sys.stdin.read()
    text = quoted(brief, "Your task") or task
    say(f"scripted agent, as {os.environ.get('MISSION_AGENT', 'agent')}: {task}")
    if git("branch", "--show-current") == "":  # a row that only reads
        review()
    paths = named_paths(text)
    files = write_documents(task, text, paths) if paths else write_code(task, text)
    finish("success", f"Wrote {', '.join(str(file) for file in files)}")


if __name__ == "__main__":
    main()
