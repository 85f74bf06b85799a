"""Text for a terminal, in lines: tables in columns, and words wrapped. Nothing is cut or broken.

What comes from records and from users is escaped here.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from shutil import get_terminal_size
from textwrap import wrap

from rich.cells import cell_len

from compare.text import visible

NARROW = 80  # columns of words at most; of tables where the output is no terminal
GAP = "  "  # between columns
INDENT = "  "  # of what stands below a title


def terminal_width() -> int:
    """Return the columns of the terminal, or NARROW where there is none."""
    return get_terminal_size((NARROW, 24)).columns


def widest(lines: Iterable[str]) -> int:
    """Return the columns that lines take."""
    return max(map(cell_len, lines), default=0)


def wrapped(text: str, width: int = NARROW, *, indent: str = "") -> list[str]:
    """Return text in lines that end at words; a word that is longer than a line stays whole."""
    return wrap(
        visible(text),
        min(width, NARROW),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


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
