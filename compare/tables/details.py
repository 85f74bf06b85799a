"""What `--all` prints beside the answer: scores, times, warnings, verdicts, devices, failures."""

from collections.abc import Iterator, Sequence

import pandas as pd

from compare.console import INDENT, below, fitting, wrapped
from compare.records.record import Record
from compare.tables.columns import SIDES, SIZES, TEXT, TIMES, cells, sides
from compare.tables.devices import HEADINGS as DEVICES
from compare.tables.devices import HEADINGS_TEXT as DEVICES_TEXT
from compare.tables.devices import device_cells
from compare.tables.publish import Tables, unscored
from compare.tables.statistics import COVERED, DIFFERENT, MINIMUM, SCORE
from compare.tables.verdicts import BETTER, WORSE, effect, outcome, reservations, too_few

# What is left out first where there is no room stands last.
SCORED = ("score", "target", "reached", "failed", "min", "baseline", "parity", "reference")
TIMED = tuple(
    dict.fromkeys(
        (
            *("epoch s", "wall s", "first epoch s", "s to target", "host MiB", "GPU MiB"),
            *TIMES,
            *SIZES,
        )
    )
)
VERDICT = ("problem", "measure", "difference or ratio [95 %]", "verdict")
FASTER = {BETTER: "faster", WORSE: "slower"}


def details(tables: Tables, records: Sequence[Record], width: int) -> list[list[str]]:
    """Return blocks of lines, each below its heading; none for what there is nothing of."""
    trained = tables.table.drop_duplicates(list(SIDES))
    blocks = [
        ["Scores", *by_problem(tables.table, ("metric",), SCORED, width)],
        ["Times and memory", *by_problem(trained, (), TIMED, width)],
        ["Warnings", *_warnings(tables, width)],
        *_verdicts(tables, width),
        ["GPU against CPU", *_devices(tables.devices, width)],
        ["Trainings without a score", *_failures(records, width)],
    ]
    return [block for block in blocks if len(block) > 1]


def by_problem(
    frame: pd.DataFrame, named: Sequence[str], wanted: Sequence[str], width: int
) -> list[str]:
    """Return rows of the table below the names of their problems, as many columns as fit."""
    telling = [name for name in ("device", "mode") if frame[name].nunique() > 1]
    first = [*named, "backend", *["tier"] * ("tier" in sides(frame)), *telling]
    texts = {name: [row[0] for row in cells(frame, [name])] for name in (*first, *wanted)}
    told = [name for name in wanted if name != "warnings" and set(texts[name]) - {"", "0"}]
    headings = [*first, *told]
    rows = zip(*(texts[name] for name in headings), strict=True)
    keys = len(first)
    return below(frame["problem"], headings, rows, TEXT, width=width, least=keys + 1, keys=keys)


def _warnings(tables: Tables, width: int) -> Iterator[str]:
    for name, advice in tables.warnings.items():
        yield from wrapped(f"{name}: {advice}.", width)
        yield from wrapped(f"on {', '.join(tables.doubted(name))}", width, indent=INDENT)


def _verdicts(tables: Tables, width: int) -> Iterator[list[str]]:
    """Yield a block for every two sides in a setting: a row for each problem and measure."""
    better = dict(zip(tables.table["problem"], tables.table["better"], strict=True))
    frame = tables.verdicts
    pairs = ["backend", "reference", "device", "mode", "recipe"]
    for (backend, reference, *how), mine in frame.groupby(pairs, sort=False):
        rows, last = [], None
        for _, row in mine.iterrows():
            problem, said = str(row["problem"]), _said(row, better)
            rows.append([problem * (problem != last), row["measure"], effect(row), said])
            last = problem
        told = len(VERDICT) - all(row[-1] == "" for row in rows)
        rows = [row[:told] for row in rows]
        title = f"{backend} against {reference}: {', '.join(map(str, how))}"
        yield [*wrapped(title, width), *fitting(VERDICT[:told], rows, VERDICT, width=width, keys=2)]
    if frame["low"].notna().any():
        yield ["Intervals", *wrapped(f"[95 %]: {COVERED}.", width)]
    if too_few(frame):
        yield ["Verdicts", *wrapped(f"{too_few(frame)}.", width)]


def _said(row: pd.Series, better: dict[str, str]) -> str:
    """Return a verdict; of a difference, which way. Empty where there are too few pairs."""
    if row["pairs"] < MINIMUM:
        return ""
    said = str(row["verdict"])
    if said == DIFFERENT:
        score = row["measure"] == SCORE
        said = outcome(row, better[row["problem"]]) if score else FASTER[outcome(row)]
    return ", ".join([said, *reservations(row)])


def _devices(frame: pd.DataFrame, width: int) -> list[str]:
    rows = [] if frame.empty else device_cells(frame)
    return fitting(DEVICES, rows, DEVICES_TEXT, width=width, keys=4) if rows else []


def _failures(records: Sequence[Record], width: int) -> Iterator[str]:
    for line in unscored(records):
        yield from wrapped(line, width)
