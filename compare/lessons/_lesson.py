"""What a lesson is, and which there are.

A file of this folder without a leading underscore is a lesson, but for command.py: it has one
LESSON. Its lines of PyTorch and Keras are text, for this room imports no framework; `_measure` runs
them in a process of each.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

HOLDS, IN_PART, GONE, NEW = "holds", "holds in part", "gone", "new"
Figures = Mapping[str, Any]  # what a side has measured, by name
Every = Mapping[str, Figures]  # that of every side, by backend
Rows = list[list[str]]  # a table, its headings first


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One framework's part: lines to be read, and what is measured with them.

    `shown` is a program. `measured` runs after it, in the same names, and puts into `figures` what
    can be said in JSON.
    """

    shown: str
    measured: str


@dataclass(frozen=True)
class Pair:
    """What is written in each framework for the same; every line is one of the lesson's programs.

    What has no counterpart is empty.
    """

    keras: str
    pytorch: str
    differs: str  # in words


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A claim of 2017, what holds of it now, and the figures that show it."""

    number: int
    name: str
    title: str
    claim: str  # of 2017; empty for what 2017 had not
    now: str  # what holds, and since when
    verdict: str  # HOLDS, IN_PART, GONE or NEW
    panels: Mapping[str, Panel]  # by backend
    pairs: tuple[Pair, ...]  # for the crib sheet
    # The figures as a table, and the sentences that read them.
    table: Callable[[Every], Rows]
    reading: Callable[[Every], str]
    # The figure of the table of all lessons.
    figure: Callable[[Every], str]
    sources: tuple[str, ...]  # of what holds now
    seen: tuple[str, ...]  # files of the project where it can be seen
    # What it measured of a remark in the programs, by words of that remark.
    effects: Mapping[str, Callable[[Every], str]] = field(default_factory=dict)


def duration(seconds: float) -> str:
    """Return a time in seconds, milliseconds or microseconds, with one or two digits that count.

    >>> duration(2.71), duration(0.0996), duration(0.00103), duration(9e-7)
    ('2.7 s', '100 ms', '1.0 ms', '0.9 µs')
    """
    for size, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size or unit == "µs":
            break
    return f"{seconds / size:.{0 if seconds / size >= 20 else 1}f} {unit}"


def lessons() -> list[Lesson]:
    """Return all lessons, in their order."""
    folder = Path(__file__).parent
    names = [file.stem for file in folder.glob("*.py") if file.stem[0] != "_"]
    found = [import_module(f"compare.lessons.{name}") for name in names if name != "command"]
    return sorted((module.LESSON for module in found), key=lambda lesson: lesson.number)
