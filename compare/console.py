"""What a person reads: tables, progress and complaints in the terminal, tables in Markdown.

The one place that escapes what comes from records and from users.
"""

import math
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from shutil import get_terminal_size
from textwrap import fill
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING

from compare.text import visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

WIDE = 240  # columns of the output where it is no terminal
QUIET_S = 10.0


class Listener:
    """Is told how work goes on; this one says nothing of it."""

    def report(self, message: str) -> None:
        """Be told something that matters."""

    def doing(self, message: str, n: int = 0, total: int = 0) -> None:
        """Be told what is under way, as the n-th of so many; nothing if the message is empty."""

    def left(self, seconds: float | None) -> None:
        """Be told how long it will take; None if that cannot be known."""


SILENT = Listener()


class Progress(Listener):
    """What is done, under way and left: live below the other lines.

    Where stderr is no terminal, or one that cannot do so, there are plain lines only. What is under
    way is told there when nothing else was for QUIET_S seconds.
    """

    def __init__(self, total: int = 0, what: str = "") -> None:
        from rich.console import Console
        from rich.live import Live

        self.total, self.what, self.completed = total, what, 0
        self.activity, self.ends = ("", 0, 0), math.nan
        self.began = self.spoke = monotonic()
        self.console = Console(stderr=True, highlight=False)
        self.console.soft_wrap = not self.console.is_terminal  # a terminal's lines end at words
        self.shows = self.console.is_terminal and not self.console.is_dumb_terminal
        # Once a second: more would take processor time from what is timed.
        self.live = Live(
            get_renderable=self._bars,
            console=self.console,
            refresh_per_second=1,
            transient=True,
            redirect_stdout=False,
        )

    def __enter__(self) -> "Progress":
        if self.shows:
            self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.live.stop()

    def report(self, message: str) -> None:
        """Print a message."""
        from rich.text import Text

        self.console.print(Text(visible(message)))
        self.spoke = monotonic()

    def doing(self, message: str, n: int = 0, total: int = 0) -> None:
        """Show what is under way."""
        self.activity = (message, n, total)
        if self.shows:
            self.live.refresh()
        elif message and monotonic() - self.spoke >= QUIET_S:
            self.report(f"{message} ... {n} of {total}" if total else message)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Make room for lines on stdout, which may be the same terminal."""
        if self.shows:
            self.live.stop()
        yield
        if self.shows:
            self.live.start()

    def left(self, seconds: float | None) -> None:
        """Show how long it will take."""
        self.ends = math.nan if seconds is None else monotonic() + seconds

    def done(self, message: str = "") -> None:
        """Print what came of one of `total`, if anything is to be said, and count it."""
        self.completed += 1
        if message:
            self.report(message)

    def _bars(self) -> "RenderableType":
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        now, (message, n, total) = monotonic(), self.activity
        left = "" if math.isnan(self.ends) else f", {clock(self.ends - now)} left"
        time = f"{clock(now - self.began)}{left}"
        whole = f"{self.completed}/{self.total} {self.what}, {time}"
        lines = [(whole, self.completed, self.total)] if self.total else []
        if message:
            message += f" ... {n} of {total}" if total else ""
            lines.append((message if lines else f"{message}, {time}", max(0, n - 1), total))
        shown = []
        for text, done, of in lines:
            row = Table.grid(padding=(0, 1))
            row.add_column(no_wrap=True, overflow="ellipsis")
            row.add_row(Text(text), *([ProgressBar(of, done, width=20)] if of else []))
            shown.append(row)
        return Group(*shown)


def clock(seconds: float) -> str:
    """Return seconds as people write them: "3:20", "1:03:20"; never less than none."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def complain(message: str) -> None:
    """Print what is wrong on stderr, in one line, which a terminal breaks at words."""
    text = f"diptych: {visible(message)}"
    if sys.stderr.isatty():
        width = get_terminal_size().columns
        text = fill(text, width, break_long_words=False, break_on_hyphens=False)
    print(text, file=sys.stderr)


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
            Text(heading),  # a string would be looked through for markup and emoji
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


def markdown_list(lines: Iterable[str]) -> str:
    """Return a Markdown list, an entry for each line."""
    return "\n".join(f"- {plain(line)}" for line in lines)


def plain(text: str) -> str:
    """Return text for Markdown, in one line: no cell ends in it, no tag and no link is made."""
    return re.sub(r"([\\|<>]|(?<=\])(?=\())", r"\\\1", " ".join(text.split()))
