"""The two programs of a problem, side by side in the terminal."""

from rich.console import Console, Group, RenderableType
from rich.syntax import Syntax
from rich.table import Table

from backends import FOLDER, PANELS, twin

NARROW = 140  # columns; below, two programs side by side would wrap on nearly every line


def panels(problem: str, console: Console) -> RenderableType:
    """Return the twins of a problem: side by side, or one above the other where it is narrow."""
    files = [twin(folder, problem) for folder in PANELS]
    programs = [
        Syntax(file.read_text(), "python", theme="ansi_dark", word_wrap=True) for file in files
    ]
    titles = [str(file.relative_to(FOLDER.parent)) for file in files]
    if console.width < NARROW:
        return Group(*(part for pair in zip(titles, programs, strict=True) for part in pair))
    table = Table(*titles, expand=True)
    for column in table.columns:
        column.ratio = 1
    table.add_row(*programs)
    return table
