"""The two programs of a problem in the terminal, side by side."""

import sys
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from backends import PANELS
from compare.programs.pairing import Row, fault, paired, path
from compare.programs.statements import MARKS, Statement
from compare.programs.wrap import wrapped

ROOM = 116  # columns for both programs: in fewer, too much of them is broken
SIGN = {"differs": "~ ", "only here": "+ ", "": "  "}
STYLE = {"differs": "not dim bold yellow", "only here": "not dim bold cyan", "": ""}
BETWEEN = " | "


def show(problem: str, console: Console) -> None:
    """Print the twins of a problem: side by side where there is room, else one after the other.

    Side by side, long lines are broken where Python allows it. One after the other they are whole,
    so that what is copied, piped or searched is the program.
    """
    rows = paired(problem)
    complaint = fault(problem)
    if console.width < ROOM and not complaint:
        complaint = f"side by side needs {ROOM} columns, here are {console.width}"
    for line in stacked(problem, rows) if complaint else side_by_side(problem, rows, console.width):
        console.print(line, soft_wrap=True)
    if complaint:
        print(f"diptych: {complaint}", file=sys.stderr)


def stacked(problem: str, rows: tuple[Row, ...]) -> Iterator[Text]:
    """Yield both programs as they are."""
    for side, folder in enumerate(PANELS):
        yield Text(f"# {path(folder, problem)}", style="bold")
        yield from (highlighted(row.sides[side].text) for row in rows if row.sides[side].text)
        yield Text()


def side_by_side(problem: str, rows: tuple[Row, ...], width: int) -> Iterator[Text]:
    """Yield the lines of both programs, like beside like, and what their signs mean."""
    widths = shared(width - len(BETWEEN) - 2 * len(SIGN[""]), rows)
    titles = [Text(f"  {path(folder, problem)}", style="bold") for folder in PANELS]
    yield beside(titles, widths)
    yield Text("+".join("-" * (len(SIGN[""]) + own + 1) for own in widths))
    for row in rows:
        if row.group:
            yield beside([Text(), Text()], widths)
        cells = [cell(side, own) for side, own in zip(row.sides, widths, strict=True)]
        for lines in zip_longest(*cells, fillvalue=Text()):
            yield beside(lines, widths)
    yield Text()
    marks = {side.mark for row in rows for side in row.sides}
    for mark, meaning in MARKS.items():
        if mark in marks:
            yield Text(f"{SIGN[mark]}{mark}: {meaning}", style=STYLE[mark])


def shared(room: int, rows: tuple[Row, ...]) -> tuple[int, int]:
    """Return the columns of either program: as many as it needs, or a fair share."""
    left, right = (
        max((len(line) for row in rows for line in row.sides[side].code.split("\n")), default=0)
        for side in range(len(PANELS))
    )
    left = min(left, max(room // 2, room - right))
    return left, min(right, room - left)


def cell(statement: Statement, width: int) -> list[Text]:
    """Return the lines of a statement, none longer than width, after the sign of its mark."""
    code = wrapped(statement.code.expandtabs(4), width)
    return [
        Text.assemble((SIGN[statement.mark], STYLE[statement.mark]), part)
        for line in highlighted(code).split("\n")
        for part in line.divide(range(width, len(line), width))
        if statement.text
    ]


def beside(lines: Sequence[Text], widths: Sequence[int]) -> Text:
    """Return the lines of two cells as one line."""
    left, right = (line.copy() for line in lines)
    left.pad_right(widths[0] + len(SIGN[""]) - left.cell_len)
    line = Text.assemble(left, BETWEEN, right)
    line.rstrip()
    return line


def highlighted(code: str) -> Text:
    """Return highlighted Python, marks most of all, without blank lines at its end."""
    text = Syntax("", "python", theme="ansi_dark").highlight(code)
    text.rstrip()
    for mark in MARKS:
        text.highlight_regex(rf"{mark}:.*(\n *# .*)*", STYLE[mark])
    return text
