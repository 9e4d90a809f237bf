"""The pages as a site, and the pictures in them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.pictures import FOLDER, drawn

ROOT = Path(__file__).parents[3]
_FETCHED = (
    r"(?:<(?:img|script|iframe)[^>]*?src|<link[^>]*?stylesheet[^>]*?href)=\"?(https?:[^\"> ]+)"
)


def test_the_site_is_built_without_a_warning_and_fetches_nothing(tmp_path: Path) -> None:
    """As `make site` builds it: every page is in it, every link and heading is there."""
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},  # an advertisement
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")}
    assert pages | {"index", "CONTRIBUTING", "CHANGELOG"} <= {
        page.stem for page in tmp_path.glob("*.html")
    }
    for page in tmp_path.glob("*.html"):
        assert re.findall(_FETCHED, page.read_text(encoding="utf-8")) == []


def test_the_pictures_show_what_the_commands_print_today() -> None:
    for name, picture in drawn().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == picture, f"{name}: `make pictures`"
        assert "url(http" not in picture
