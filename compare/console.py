"""What a person reads: tables, progress and complaints in the terminal, tables in Markdown.

The one place that escapes what comes from records and from users.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDE = 240  # columns of the output where it is no terminal


class Progress:
    """A bar with the time left; where stderr is no terminal, plain lines only."""

    def __init__(self, trainings: int) -> None:
        from rich import progress
        from rich.console import Console

        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self.bar = progress.Progress(
            progress.TextColumn("{task.completed}/{task.total} trainings"),
            progress.BarColumn(),
            progress.TextColumn("for"),
            progress.TimeElapsedColumn(),
            progress.TextColumn("time left"),
            progress.TimeRemainingColumn(),
            console=self.console,
            speed_estimate_period=3600,  # trainings end seldom: look back on all of them
            disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task("", total=trainings)

    def __enter__(self) -> "Progress":
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def report(self, message: str) -> None:
        """Print a message."""
        from rich.text import Text

        self.console.print(Text(message))

    def done(self, message: str) -> None:
        """Print a finished training and move the bar."""
        self.report(message)
        self.bar.advance(self.task)


def complain(message: str) -> None:
    """Print what is wrong on stderr, in one line."""
    print(f"diptych: {message}", file=sys.stderr)


def stdout() -> "Console":
    """Return a console for tables, wide where there is no terminal to fit."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    left: Sequence[str],
    *,
    title: str = "",
    whole: Sequence[str] = (),
) -> "Table":
    """Return a table for the terminal.

    The columns named in `left` are set to the left, all others to the right. Those named in `whole`
    are not broken over lines.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    if title:
        made.title, made.title_justify = Text(title, style="bold"), "left"
    for heading in headings:
        made.add_column(
            heading,
            justify="left" if heading in left else "right",
            no_wrap=heading in whole,
            overflow="fold",
        )
    for row in rows:
        made.add_row(*map(Text, row))
    return made


def markdown_table(headings: Iterable[str], text: Sequence[str], rows: Iterable[list[str]]) -> str:
    """Return a Markdown table; the columns named in `text` are set to the left."""
    ruler = [":--" if heading in text else "--:" for heading in headings]
    shown = [[plain(cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [list(headings), ruler, *shown])


def plain(text: str) -> str:
    """Return text for Markdown, in one line: no cell ends in it, no tag and no link is made."""
    return re.sub(r"([\\|<>]|(?<=\])(?=\())", r"\\\1", " ".join(text.split()))
