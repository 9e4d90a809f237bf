"""The demo's verification: relative links in README.md and docs/ lead to files that git holds.

Exit 0 when all do; 1 and one line a broken link when not, or where git holds no README.md.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

LINK = re.compile(r"\[[^\[\]\n]*+\]\(([^)#\s]+)")
PAGE = re.compile(r"docs/.*\.md")


def main() -> int:
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=True)
    names = [name for name in os.fsdecode(listed.stdout).split("\0") if name]
    held = {str(place) for name in names for place in (Path(name), *Path(name).parents)}
    pages = [Path(name) for name in names if name == "README.md" or PAGE.fullmatch(name)]
    broken = [
        f"{page}: {target} is not there"
        for page in pages
        for target in LINK.findall(page.read_text(encoding="utf-8", errors="replace"))
        if "://" not in target and os.path.normpath(page.parent / target) not in held
    ]
    if Path("README.md") not in pages:
        broken.append("README.md is not there")
    print("\n".join(broken) or f"{len(pages)} pages, every link leads somewhere")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
