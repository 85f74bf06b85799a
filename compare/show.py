"""The two programs of a problem, side by side in the terminal."""

from difflib import SequenceMatcher
from itertools import zip_longest

from rich.console import Console, Group, RenderableType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from backends import FOLDER, PANELS, twin


def panels(problem: str, console: Console) -> RenderableType:
    """Return the twins of a problem: side by side where there is room, else one after the other."""
    files = [twin(folder, problem) for folder in PANELS]
    titles = [str(file.relative_to(FOLDER.parent)) for file in files]
    left, right = (file.read_text().splitlines() for file in files)
    widths = [max(map(len, lines)) + 1 for lines in (left, right)]
    needed = sum(widths) + 7  # the table's own lines and margins
    if console.width < needed:
        note = Text(f"Side by side needs {needed} columns, here are {console.width}.")
        stacked = [program(file.read_text()) for file in files]
        return Group(*(part for pair in zip(titles, stacked, strict=True) for part in pair), note)
    table = Table()
    for title, width in zip(titles, widths, strict=True):
        table.add_column(title, width=width)
    table.add_row(*(program("\n".join(lines)) for lines in aligned(left, right)))
    return table


def program(code: str) -> Syntax:
    """Return highlighted Python."""
    return Syntax(code, "python", theme="ansi_dark")


def aligned(left: list[str], right: list[str]) -> tuple[list[str], list[str]]:
    """Return both programs with blank lines put in so that like stands beside like.

    Two lines are alike if they are the same step: they call or make the same layer, or begin the
    same class or function.
    """
    rows: list[tuple[str, str]] = []
    keys = [[key_of(line) for line in lines] for lines in (left, right)]
    matcher = SequenceMatcher(a=keys[0], b=keys[1], autojunk=False)
    for _, i, i_end, j, j_end in matcher.get_opcodes():
        rows += zip_longest(left[i:i_end], right[j:j_end], fillvalue="")
    return [one for one, _ in rows], [other for _, other in rows]


def key_of(line: str) -> str:
    """Return what a line of a twin does, in words that both frameworks share."""
    code = line.partition("#")[0].strip()
    if "= self." in code:  # a step of the network
        return code.partition("= self.")[2].partition("(")[0]
    if code.startswith(("class ", "def ")):
        return code.partition("(")[0].replace("forward", "call")
    return code.partition(" = ")[0]
