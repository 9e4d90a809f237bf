"""A yes-or-no question to the person at the terminal."""

from __future__ import annotations

import typer

from cli.console import talk


def agreed(question: str) -> bool:
    """Whether the answer is yes. Ctrl-C and the end of input are a no."""
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        talk("")
        return False
