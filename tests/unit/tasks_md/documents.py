"""Strategies for task files as people, editors and programs really leave them."""

from __future__ import annotations

from hypothesis import strategies as st

from tasks_md.model import COLUMNS, STATUSES

# What tends to break readers of tables: pipes, escapes, marks, odd blanks and line separators.
_PIECES = st.sampled_from(
    [
        *"ab1 \t|\\`*_~<>[]()!#-+.:;,'\"$&/{}^=@%?",
        "\\|",
        "\\\\|",
        "`a|b`",
        "`",
        "**x**",
        "任务",
        "é",
        "e\u0301",
        "😀",
        "👩‍🚀",
        "\u2028",
        "\u2029",
        "\x85",
        "\x0b",
        "\x0c",
        "\x1c",
        "\u00a0",
        "\u3000",
        "\ufeff",
        "\x00",
        "<!--",
        "-->",
        "$(id)",
        "../..",
        "- ",
        "```",
        "&#124;",
        "\udce9",  # a byte that is no UTF-8
    ]
)
cell_texts = st.lists(_PIECES, max_size=6).map("".join)
values = st.lists(_PIECES | st.sampled_from(["\n", "\r\n", "\r"]), max_size=8).map("".join)
line_ends = st.sampled_from(["\n", "\r\n", "\r"])

_IDS = st.sampled_from([f"T-{n:02}" for n in range(1, 9)])
_CELLS = {
    "id": _IDS,
    "status": st.sampled_from([*STATUSES, "Done", "`done`", "", "odd", "todo", "✅", "[x] Done"]),
    "agent": st.sampled_from(["codex", "—", ""]) | cell_texts,
    "branch": st.sampled_from(["feat/x", "—", "(aggregate)"]) | cell_texts,
    "depends_on": st.sampled_from(
        ["—", "", "T-01", "[T-01]", "Task T-02", "#T-01", "T-01..03", "T-02, T-03", "M1", "?"]
    ),
    "estimate": st.sampled_from(["4K", "—", "", "12,000", "soon"]),
}
_OTHER = st.sampled_from(["", "words", "see `x`"]) | cell_texts


@st.composite
def _row(draw: st.DrawFn) -> str:
    """A row: padded or not, framed or not, and sometimes ragged."""
    cells = [draw(_CELLS.get(name, _OTHER)) for name in COLUMNS]
    if draw(st.integers(0, 5)) == 0:
        cells = cells[: draw(st.integers(1, 9))]
    if draw(st.integers(0, 9)) == 0:
        cells.append(draw(_OTHER))
    pad = draw(st.sampled_from([" ", " ", "", "   ", "\t"]))
    row = f"{pad}|{pad}".join(cells)
    frame = draw(st.sampled_from(["both", "both", "both", "left", "right", "none"]))
    left = f"|{pad}" if frame in {"both", "left"} else ""
    right = f"{pad}|" if frame in {"both", "right"} else ""
    return f"{left}{row}{right}{draw(st.sampled_from(['', '', ' ', '  ']))}"


@st.composite
def _table(draw: st.DrawFn) -> list[str]:
    """A table, as it is or within a quote, a list, a fence or a comment."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'|'.join('---' for _ in COLUMNS)}|"]
    lines += draw(st.lists(_row(), max_size=4))
    where = draw(st.sampled_from(["plain", "plain", "plain", "quote", "list", "fence", "comment"]))
    if where == "quote":
        mark = draw(st.sampled_from(["> ", ">", " >  "]))
        return [f"{mark}{line}" for line in lines]
    if where == "list":
        return [("- " if at == 0 else "  ") + line for at, line in enumerate(lines)]
    if where == "fence":
        return ["```", *lines, "```"]
    return ["<!--", *lines, "-->"] if where == "comment" else lines


_prose = st.lists(cell_texts, max_size=2)
_heading = st.sampled_from(
    ["## Milestone 1 — One (M1)", "## Milestone 2 — Two (M2)", "## Notes", "# Tasks — X", "---"]
).map(lambda line: [line])


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A whole file."""
    lines: list[str] = ["> **Mission:** m", "> **Agent values:** `codex` | `—`", ""]
    lines = draw(st.sampled_from([lines, []]))
    for _ in range(draw(st.integers(1, 4))):
        lines = [*lines, *draw(_heading | _table() | _prose | _table())]
        if draw(st.integers(0, 4)):
            lines = [*lines, ""]
    usual = draw(line_ends)
    mixed = draw(st.integers(0, 5)) == 0
    text = "".join(line + (draw(line_ends) if mixed else usual) for line in lines)
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    return draw(st.sampled_from(["", "", "\ufeff"])) + text


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A file that an editor's slip or a bad merge went through."""
    text = draw(documents())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.integers(0, 5)))
        text = text[:at] + draw(_PIECES | line_ends | st.just("")) + text[end:]
    return text
