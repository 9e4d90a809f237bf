"""What `mkdocs.yml` adds to the pages of this folder: some of the folder above, and their links."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
# Each file of the root that a page leads to, and what it is called in the site.
_ABOVE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "LICENSE": "LICENSE",
    "docker-compose.federated.yml": "docker-compose.federated.yml",
    "prefect.yaml": "prefect.yaml",
}
_FROM_THE_ROOT = ("index.md", "CONTRIBUTING.md", "CHANGELOG.md")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add them."""
    for name, called in _ABOVE.items():
        files.append(File.generated(config, called, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Have links lead to where pages are in the site."""
    if page.file.src_uri in _FROM_THE_ROOT:
        markdown = re.sub(r"(\]\(|src=\")docs/", r"\1", markdown)
    for name, called in _ABOVE.items():
        markdown = markdown.replace(f"](../{name}", f"]({called}")
    return markdown
