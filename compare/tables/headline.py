"""The answer first: a sentence or two for a whole results folder, then a row for each problem.

A pure function of the tables. What it returns are plain values: the terminal, Markdown and the
page each show them in their own way.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from backends import Side
from compare.records.record import MATCHED, NATIVE
from compare.tables.measures import WARNINGS
from compare.tables.names import USUAL, names
from compare.tables.rows import TIMED, Row, between, rows
from compare.tables.sentence import sentence
from compare.tables.statistics import COVERED

if TYPE_CHECKING:
    from compare.tables.publish import Tables

# A score's sign: what it says of a side, held against the reference.
SIGNS = {
    "=": "equal within the margin set beforehand",
    "+": "better than {reference}",
    "-": "worse than {reference}",
    "?": "not decided",
    "~": "scores within the margin",
}
LOWER, SPREAD, DOUBTFUL = "v", "±", "!"
FED = "{name} is fed by tf.data; fit(x, y) was not timed (--mode native)."
DRAWN = "Dropout in {}: each framework drops numbers of its own; only the check drops the same."
KEPT = "native: each framework by its own defaults, {name} by plain fit(x, y)."


@dataclass(frozen=True, kw_only=True)
class Headline:
    """What a results folder says: in a sentence or a few, by problem, and what else to know."""

    sentence: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    signs: dict[str, str]  # those that occur, and what they mean


def headline(tables: "Tables") -> Headline:
    """Return the headline of a results folder."""
    found = tuple(rows(tables.table, tables.verdicts))
    return Headline(
        sentence=sentence(found),
        rows=found,
        notes=(*_by_device(tables.devices), *_fed(found), *_drawn(tables.table)),
        signs=dict(_signs(found)),
    )


def _signs(rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """Yield the signs that occur, and what they mean."""
    rows = list(rows)
    seen = {cell.sign for row in rows for cell in row.cells}
    references = {row.cells[0].name for row in rows if row.compared}
    reference = references.pop() if len(references) == 1 else "the reference"
    yield from (
        (sign, text.format(reference=reference)) for sign, text in SIGNS.items() if sign in seen
    )
    if any(row.better == "lower" for row in rows):
        yield LOWER, "lower is better"
    if doubts := dict.fromkeys(one for row in rows for cell in row.cells for one in cell.warnings):
        yield (
            DOUBTFUL,
            f"doubtful times: {', '.join(name for name in WARNINGS if name in doubts)}",
        )
    if any(ratio.half is not None for row in rows for cell in row.cells for ratio in cell.ratios):
        yield SPREAD, COVERED


def _fed(found: Iterable[Row]) -> Iterator[str]:
    """Yield how Keras on TensorFlow is fed, and what of it was not timed."""
    cells = [
        (row, cell) for row in found for cell in row.cells if Side.parse(cell.side).backend == USUAL
    ]
    modes = {row.mode for row, _ in cells}
    if MATCHED in modes:
        yield (KEPT if NATIVE in modes else FED).format(name=cells[0][1].name)


def _drawn(table: pd.DataFrame) -> Iterator[str]:
    """Yield which problems are trained with random numbers that are not the same on both sides."""
    if len(names := table[table["draws"].notna()]["problem"].unique()):
        yield DRAWN.format(", ".join(map(str, names)))


def _by_device(frame: pd.DataFrame) -> Iterator[str]:
    """Yield how much faster the GPU is than the CPU, where both took part."""
    named, modes = (
        names(dict.fromkeys(frame.get("backend", ()))),
        dict.fromkeys(frame.get("mode", ())),
    )
    parts = []
    for measure, what in TIMED.items():
        found = []
        for side, name in named.items():
            for mode in modes:
                mine = frame[(frame["backend"] == side) & (frame["mode"] == mode)]
                ratios = mine[mine["measure"] == measure]["ratio"].dropna()
                if len(ratios):
                    called = f"{name} ({mode})" if len(modes) > 1 else name
                    found.append(f"{called} {between(list(ratios))}")
        parts += [f"{what} takes {', '.join(found)}"] * bool(found)
    if parts:
        yield f"On the GPU, {' and '.join(parts)} times as long as on the CPU."
