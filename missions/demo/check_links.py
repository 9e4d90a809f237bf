"""The demo's verification: relative links in README.md and docs/ lead to files that are there.

Exit 0 when all do; 1 and one line a broken link when not.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

LINK = re.compile(r"\[[^\[\]\n]*+\]\(([^)#\s]+)")


def main() -> int:
    wanted = ["git", "ls-files", "-z", "README.md", "docs/*.md"]
    listed = subprocess.run(wanted, capture_output=True, check=True)
    pages = [Path(name) for name in listed.stdout.decode().split("\0") if name]
    broken = [
        f"{page}: {target} is not there"
        for page in pages
        if page.is_file()
        for target in LINK.findall(page.read_text(encoding="utf-8", errors="replace"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    print("\n".join(broken) or f"{len(pages)} pages, every link leads somewhere")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
