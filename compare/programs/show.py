"""The two programs of a problem in the terminal: side by side, interleaved, or whole."""

from collections.abc import Iterator
from itertools import zip_longest

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from backends import PANELS
from compare.console import complain
from compare.programs.pairing import Row, fault, paired, path, title
from compare.programs.statements import MARKS, Statement

ROOM = 116  # columns for both programs: in fewer, too much of them is broken
HANG = 4  # columns by which the rest of a broken line is indented further
SIGN = {"differs": "~ ", "only here": "+ ", "": "  "}
STYLE = {"differs": "not dim bold yellow", "only here": "not dim bold cyan", "": ""}
BETWEEN = " | "


def show(problem: str, console: Console) -> None:
    """Print the twins of a problem.

    From ROOM columns on they stand side by side. A narrower terminal has each statement of the one
    above that of the other. A narrower pipe has the programs whole, one after the other: what is
    copied from it runs.
    """
    rows = paired(problem)
    needed = f"side by side from {ROOM} columns on, here are {console.width}"
    if complaint := fault(problem):
        complain(complaint)
        lines = whole(problem, rows)
    elif console.width >= ROOM:
        lines = side_by_side(problem, rows, console)
    elif console.is_terminal:
        console.print(Text(f"Interleaved; {needed}.", style="dim"))
        lines = interleaved(problem, rows, console)
    else:
        complain(f"one program after the other; {needed}")
        lines = whole(problem, rows)
    for line in lines:
        console.print(line, soft_wrap=True)


def whole(problem: str, rows: tuple[Row, ...]) -> Iterator[Text]:
    """Yield both programs as they are."""
    for side, folder in enumerate(PANELS):
        yield Text(f"# {path(folder, problem)}", style="bold")
        yield from (highlighted(row.sides[side].text) for row in rows if row.sides[side].text)
        yield Text()


def side_by_side(problem: str, rows: tuple[Row, ...], console: Console) -> Iterator[Text]:
    """Yield the lines of both programs, like beside like, and what their signs mean."""
    left, right = shared(console.width - len(BETWEEN) - 2 * len(SIGN[""]), rows)
    first, second = (Text(f"  {path(folder, problem)}", style="bold") for folder in PANELS)
    yield beside(first, second, left)
    yield Text("+".join("-" * (len(SIGN[""]) + own + 1) for own in (left, right)))
    for row in rows:
        if row.group:
            yield beside(Text(), Text(), left)
        halves = (cell(row.left, left, console), cell(row.right, right, console))
        for pair in zip_longest(*halves, fillvalue=Text()):
            yield beside(*pair, left)
    yield from legend(rows)


def interleaved(problem: str, rows: tuple[Row, ...], console: Console) -> Iterator[Text]:
    """Yield each statement of the first program above its partner, those that are equal once."""
    letters = [title(folder)[0] for folder in PANELS]
    names = (f"{title(folder)}, {path(folder, problem)}" for folder in PANELS)
    for letter, name in zip(letters, names, strict=True):
        yield Text(f"{letter}   {name}", style="bold")
    yield Text("    lines without a letter are those of both", style="bold")
    for row in rows:
        if row.group:
            yield Text()
        if row.left.code == row.right.code:
            shown = [(" ", row.left)]
        else:
            shown = list(zip(letters, row.sides, strict=True))
        for letter, statement in shown:
            for line in cell(statement, console.width - len(SIGN[""]) - 2, console):
                yield Text.assemble((f"{letter} ", "bold"), line)
    yield from legend(rows)


def legend(rows: tuple[Row, ...]) -> Iterator[Text]:
    """Yield what the signs mean, of those that occur."""
    yield Text()
    found = {side.mark for row in rows for side in row.sides}
    for mark, meaning in MARKS.items():
        if mark in found:
            yield Text(f"{SIGN[mark]}{mark}: {meaning}", style=STYLE[mark])


def shared(room: int, rows: tuple[Row, ...]) -> tuple[int, int]:
    """Return the columns of either program: as many as it needs, or a fair share."""
    left, right = (
        max((len(line) for row in rows for line in row.sides[side].code.split("\n")), default=0)
        for side in range(len(PANELS))
    )
    left = min(left, max(room // 2, room - right))
    return left, min(right, room - left)


def cell(statement: Statement, width: int, console: Console) -> list[Text]:
    """Return the lines of a statement, none longer than `width`, after the sign of its mark."""
    if not statement.text:
        return []
    sign = (SIGN[statement.mark], STYLE[statement.mark])
    code = highlighted(statement.code.expandtabs(4))
    return [
        Text.assemble(sign, part)
        for line in code.split("\n")
        for part in wrapped(line, width, console)
    ]


def wrapped(line: Text, width: int, console: Console) -> list[Text]:
    """Return a line as lines of at most `width` columns, broken between words where that does."""
    indent = len(line.plain) - len(line.plain.lstrip())
    if len(line) <= width or indent + HANG >= width:
        return list(line.divide(range(width, len(line), width)))
    body = line[indent:]
    first = body.wrap(console, width - indent)[0]
    first.rstrip()
    rest = body[len(first) :]
    rest = rest[len(rest.plain) - len(rest.plain.lstrip()) :]
    more = rest.wrap(console, width - indent - HANG)
    return [Text(" " * indent) + first, *(Text(" " * (indent + HANG)) + part for part in more)]


def beside(left: Text, right: Text, width: int) -> Text:
    """Return two lines as one, the left of them padded to its sign and `width` columns."""
    left = left.copy()
    left.pad_right(width + len(SIGN[""]) - left.cell_len)
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
