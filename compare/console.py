"""What a person reads: tables, progress, complaints in the terminal; Markdown; templates of pages.

The one place that escapes what comes from records and from users.
"""

import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from shutil import get_terminal_size
from textwrap import fill, wrap
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING

from compare.text import visible

if TYPE_CHECKING:
    from jinja2 import Environment
    from rich.console import RenderableType

NARROW = 80  # columns of words at most; of tables where the output is no terminal
LEAST = 20  # columns: no terminal in use has fewer
GAP = "  "  # between columns
INDENT = "  "  # of what stands below a title
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


def cell_len(text: str) -> int:
    """Return the columns that a text takes in a terminal."""
    from rich import cells

    return cells.cell_len(text)


def terminal_width() -> int:
    """Return the columns of the terminal, or NARROW where there is none."""
    return max(LEAST, get_terminal_size((NARROW, 24)).columns)


def widest(lines: Iterable[str]) -> int:
    """Return the columns that lines take."""
    return max(map(cell_len, lines), default=0)


def wrapped(
    text: str, width: int = NARROW, *, indent: str = "", after: str | None = None
) -> list[str]:
    """Return text in lines that end at words; a word that is longer than a line stays whole.

    `indent` begins each line; `after`, if given, each but the first.
    """
    text, width = visible(text), min(width, NARROW)
    after = indent if after is None else after
    if cell_len(text) > len(text):
        return _wrapped_wide(text, width, indent, after)
    return wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=after,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _wrapped_wide(text: str, width: int, indent: str, after: str) -> list[str]:
    """Return text as `wrapped` does, where some characters take two columns."""
    first, *words = text.split()
    lines = [indent + first]
    for word in words:
        if cell_len(longer := f"{lines[-1]} {word}") <= width:
            lines[-1] = longer
        else:
            lines.append(after + word)
    return lines


def joined(parts: Iterable[str], width: int, *, indent: str = "", gap: str = ", ") -> list[str]:
    """Return parts side by side, as many to a line as fit; one that fits in none is wrapped."""
    lines: list[str] = []
    for part in parts:
        *more, last = wrapped(part, width - len(gap.rstrip()), indent=indent)
        longer = f"{lines[-1]}{gap}{last.removeprefix(indent)}" if lines and not more else ""
        if longer and cell_len(f"{longer}{gap.rstrip()}") <= width:
            lines[-1] = longer
        else:
            lines[-1:] = [*(f"{line}{gap.rstrip()}" for line in lines[-1:]), *more, last]
    return lines


def aligned(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    left: Sequence[str],
    *,
    groups: Mapping[int, str] | None = None,
) -> list[str]:
    """Return a table as lines, its columns two spaces apart.

    The columns named in `left` are set to the left, all others to the right. A heading may have
    several lines. `groups` names, above the headings, what begins at a column.
    """
    tops = [heading.split("\n") for heading in headings]
    height = max(map(len, tops))
    tops = [[""] * (height - len(top)) + top for top in tops]
    cells = [*map(list, zip(*tops, strict=True)), *([*map(visible, row)] for row in rows)]
    widths = [max(cell_len(row[i]) for row in cells) for i in range(len(headings))]
    named = sorted((groups or {}).items())
    for (i, group), (end, _) in pairwise(named):
        span = sum(widths[i:end]) + (end - i - 1) * len(GAP)
        widths[i] += max(0, cell_len(group) - span)
    lines = []
    for row in cells:
        padded = []
        for heading, cell, width in zip(headings, row, widths, strict=True):
            space = " " * (width - cell_len(cell))
            padded.append(cell + space if heading in left else space + cell)
        lines.append(GAP.join(padded).rstrip())
    above = ""
    for i, group in named:
        above = above.ljust(sum(widths[:i]) + i * len(GAP)) + group
    return [above, *lines] if groups else lines


def fitting(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    left: Sequence[str],
    *,
    width: int,
    keys: int = 1,
) -> list[str]:
    """Return a table as lines; where it is wider than `width`, a paragraph for each row.

    A paragraph begins with what the first columns hold, as many as `keys`. All other cells follow
    by name, but for those that are empty.
    """
    rows = [list(row) for row in rows]
    lines = aligned(headings, rows, left)
    if widest(lines) <= width:
        return lines
    lines = []
    for row in rows:
        lines += joined(filter(None, row[:keys]), width, gap=" ")
        named = zip(headings[keys:], row[keys:], strict=True)
        lines += joined((f"{name} {cell}" for name, cell in named if cell), width, indent=INDENT)
    return lines


def below(
    titles: Iterable[str],
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    left: Sequence[str],
    *,
    width: int,
    least: int,
    keys: int = 1,
) -> list[str]:
    """Return a table as lines, rows of one title below it, with as many columns as fit.

    There is a title for each row. The last columns are left out first; where not even the first
    `least` of them fit, each row is a paragraph, as in `fitting`, of title and `keys` columns.
    """
    titles, rows = list(titles), [list(row) for row in rows]
    for n in range(len(headings), least - 1, -1):
        lines = aligned(headings[:n], (row[:n] for row in rows), left)
        top, *lines = (f"{INDENT}{line}" for line in lines)
        if widest([top, *lines]) <= width:
            break
    else:
        whole = [[title, *row] for title, row in zip(titles, rows, strict=True)]
        return fitting(["", *headings], whole, left, width=width, keys=1 + keys)
    found, last = [top], None
    for title, line in zip(titles, lines, strict=True):
        found += [*(wrapped(title, width) if title != last else []), line]
        last = title
    return found


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
    return re.sub(r"([\\|<>]|(?<=\])(?=\())", r"\\\1", visible(" ".join(text.split())))


def templates(package: str) -> "Environment":
    """Return the templates of a package of ours, in its folder `templates`.

    Nothing that is filled in is trusted, and nothing may be missing.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
