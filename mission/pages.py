"""Where the dashboard has the pages of a mission: its key in addresses, and addresses of rows."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

from mission.place import Place


def page_key(place: Place) -> str:
    """A name that people recognise and that no other mission here has."""
    name = (place.repository or place.folder).name
    words = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40].strip("-").lower() or "mission"
    path = str(place.task_file).encode("utf-8", "surrogateescape")
    return f"{words}-{hashlib.sha256(path).hexdigest()[:6]}"


def page_address(base: str | None, place: Place, task: str | None) -> str:
    """The address of a row's page, or of the mission's; empty where nobody said where they are.

    Args:
        base: The address below which the pages are (`notify.dashboard`).
    """
    if base is None:
        return ""
    page = "mission" if task is None else f"row/{quote(task, safe='')}"
    return f"{base.rstrip('/')}/{page_key(place)}/{page}"
