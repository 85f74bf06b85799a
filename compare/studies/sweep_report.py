"""A sweep for people and programs: sweep.csv, crossovers.csv, sweep.md and sweep.svg."""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from compare.console import below, markdown_list, markdown_table, terminal_width, wrapped
from compare.drawing.groups import SIDE, Group, groups
from compare.drawing.svg import INK, STYLE, figure, legend, standalone
from compare.records.files import write_whole
from compare.records.provenance import provenance
from compare.records.record import UNPROVEN, Record
from compare.studies.crossover import Stretch
from compare.studies.sweep import CROSSOVERS, SWEEP_COLUMNS, Pair, crossovers, pairs, sweep
from compare.tables.columns import mebibytes, number, power, whole
from compare.tables.measures import rate
from compare.tables.publish import failures
from compare.tables.statistics import COVERED
from compare.text import visible
from compare.training.trainer import EPOCHS, STEPS

SWEPT = {"batch_size": "batch size", "unit": "units"}  # field of a Run: what a reader calls it


def at(sweep: str, size: str) -> str:
    """Return a size with what it is a size of."""
    return f"{size} units" if sweep == "unit" else f"{SWEPT[sweep]} {size}"


def readings(pairs: Sequence[Pair]) -> list[str]:
    """Return a sentence for every two sides."""
    return [" ".join(_parts(pair)) for pair in pairs]


def _parts(pair: Pair) -> Iterator[str]:
    first, last = (at(pair.sweep, str(pair.sizes[place])) for place in (0, -1))
    names = f"{pair.side.name} and {pair.reference.name}"
    if first == last:
        yield f"{names} were both timed at {first} alone: {_faster(pair, 0)}."
    elif not pair.crossings:
        yield f"No crossover of {names} between {first} and {pair.sizes[-1]}: {_faster(pair, 0)}"
        yield f"at the smallest, and {_faster(pair, -1)} at the largest{_undecided(pair)}."
    elif len(pair.crossings) == 1:
        (one,) = pair.crossings
        yield f"From {at(pair.sweep, rounded(one.size))} on{_interval(one.low, one.high)},"
        yield f"{pair.faster(side=one.rising)} is faster than {pair.faster(side=not one.rising)};"
        yield f"at {first}, {_faster(pair, 0)}, at {last}, {_faster(pair, -1)}."
    else:
        yield f"The order of {names} changes {len(pair.crossings)} times:"
        yield f"{pair.faster(side=not pair.crossings[0].rising)} is faster at {first},"
        changes = (
            f"{pair.faster(side=one.rising)} from {rounded(one.size)} on"
            f"{_interval(one.low, one.high)}"
            for one in pair.crossings
        )
        yield f"{', '.join(changes)}."


def rounded(size: float) -> str:
    """Return a size that was not measured, but computed: three digits tell enough."""
    return f"{float(f'{size:.3g}'):g}"


def _faster(pair: Pair, place: int) -> str:
    ratio = float(pair.ratios[place])
    return f"{pair.faster(side=ratio > 1)} is {max(ratio, 1 / ratio):.3g} times as fast"


def _interval(low: float, high: float) -> str:
    return " (one repetition, no interval)" if math.isnan(low) else f" (95 %: {_within(low, high)})"


def _within(low: float, high: float) -> str:
    if low == 0 or math.isinf(high):
        below, above = f"up to {rounded(high)}", f"{rounded(low)} and above"
        return above if low else "anywhere" if math.isinf(high) else below
    return f"{rounded(low)} to {rounded(high)}"


def _undecided(pair: Pair) -> str:
    if len(pair.changes) == 1:
        return "; one repetition tells no more"
    stretches: Sequence[Stretch] = pair.undecided
    where = ", and ".join(_within(low, high) for low, high in stretches)
    return f"; not told apart by the test: {where}" if where else ""


HOW = f"""Each point is the geometric mean of the seeds. Every training has a process of its own \
and goes through {EPOCHS} epochs of whole batches, at least {STEPS} in each, of which the first \
does not count; samples per second are from the median of the others. Seeds go through the sizes \
up and down in turn, the sides taking turns at each size."""
CROSSOVER = f"""At a crossover two sides are equally fast. Between the sizes that were timed, the \
logarithm of their ratio is taken to change evenly with the logarithm of the size: what that gets \
wrong is in no interval. The interval holds the sizes at which a t test, paired by seed, does not \
tell the two apart; with few seeds it is wide: a {COVERED}. Nothing is said of sizes beyond those \
timed. Each interval stands for itself: they are not corrected for their number."""
PROOF = """The check before a sweep is made at the problem's own sizes. A batch size changes \
nothing in the model. For a network of other units, `parameters` and `loss_difference` tell \
whether the sides still train the same one."""


def publish_sweep(folder: Path, records: Sequence[Record]) -> None:
    """Write the tables and the picture of one problem's sweep into the folder."""
    frame, found = sweep(records), list(pairs(records))
    write_whole(folder / "sweep.csv", frame.to_csv(index=False))
    ends = crossovers(records).to_csv(index=False, float_format="%.10g")
    write_whole(folder / "crossovers.csv", ends)
    write_whole(folder / "sweep.md", markdown(records))
    drawn = throughput(frame, groups(records), found)
    label = f"Samples per second of {records[0].problem}. {' '.join(readings(found))}"
    write_whole(folder / "sweep.svg", standalone(drawn, name="sweep", label=label))


def markdown(records: Sequence[Record]) -> str:
    """Return sweep.md: what comes of it in words, the picture, the table, what it all means."""
    unproven = any(record.proof == UNPROVEN for record in records)
    parts = [
        f"# {records[0].problem}: samples per second, by size",
        "\n".join(f"- {sentence}" for sentence in readings(list(pairs(records)))),
        "![Samples per second against size](sweep.svg)",
        HOW,
        CROSSOVER,
        "Nobody has checked that the sides train the same model." if unproven else PROOF,
        markdown_table(HEADINGS, TEXT, cells(sweep(records))),
        *failures(records),
        "## What the columns mean",
        "Of `sweep.csv`; samples/s hold the range of the seeds in brackets:",
        "\n".join(f"- `{name}`: {meaning}" for name, meaning in SWEEP_COLUMNS.items()),
        "Of `crossovers.csv`:",
        "\n".join(f"- `{name}`: {meaning}" for name, meaning in CROSSOVERS.items()),
        "## Where it was measured",
        markdown_list(provenance(records)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def print_sweep(records: Sequence[Record], folder: Path) -> None:
    """Print who is the faster from where on, then the table, and where the whole is."""
    width, rows = terminal_width(), cells(sweep(records))
    found = list(pairs(records))
    said = readings(found)
    if any(not math.isnan(one.low) for pair in found for one in pair.crossings):
        said.append(f"In brackets, the {COVERED}.")
    lines = [line for sentence in said for line in wrapped(sentence, width)]
    titles = [", ".join(row[:3]) for row in rows]
    told = [i for i in range(3, len(HEADINGS)) if any(row[i] for row in rows)]
    headings = [[*HEADINGS][i] for i in told]
    shown = [[row[i] for i in told] for row in rows]
    lines += ["", *below(titles, headings, shown, TEXT, width=width, least=2)]
    lines += ["", visible(f"Look up  {folder / 'sweep.md'}, with the picture: sweep.svg")]
    print("\n".join(lines))


def cells(frame: pd.DataFrame) -> list[list[str]]:
    """Return the table for people: per row, a text for each of HEADINGS."""
    return [[of(row) for of in HEADINGS.values()] for _, row in frame.iterrows()]


def _rate(row: pd.Series) -> str:
    if pd.isna(row["samples_per_s_geomean"]):
        return ""
    middle, least, most = (rate(row[f"samples_per_s_{name}"]) for name in ("geomean", "min", "max"))
    return f"{middle} [{least}, {most}]"


# Heading for people: how it is read off a row of sweep.csv.
HEADINGS: dict[str, Callable[[pd.Series], str]] = {
    "backend": lambda row: row["backend"],
    "device": lambda row: row["device"],
    "varied": lambda row: SWEPT[row["sweep"]],
    "size": lambda row: str(row["size"]),
    "samples/s": _rate,
    "epoch s": lambda row: number(row["epoch_s_geomean"], 3),
    "first step s": lambda row: number(row["first_step_s_geomean"], 3),
    "host MiB": lambda row: mebibytes(row["host_peak_bytes"]),
    "GPU MiB": lambda row: mebibytes(row["gpu_peak_bytes"]),
    "parameters": lambda row: whole(row["parameters"]),
    "loss differs by": lambda row: power(row["loss_difference"]),
    "seeds": lambda row: str(row["seeds"]),
    "failed": lambda row: str(row["failed"]) if row["failed"] else "",
    "warnings": lambda row: "" if pd.isna(row["warnings"]) else str(row["warnings"]),
}
TEXT = ("backend", "device", "varied", "warnings")


FEW = 8  # sizes that have room for a number each


def throughput(frame: pd.DataFrame, sides: Sequence[Group], pairs: Sequence[Pair]) -> Figure:
    """Return a panel for each thing that was varied: a line per side, mean and range of seeds.

    `frame` is as of `sweep`. Where two cross, a bar is the interval.
    """
    varied = list(dict.fromkeys(frame["sweep"]))
    made, panels = figure(0.6 + 2.6 * len(varied), rows=len(varied))
    with rc_context(STYLE):
        for axes, name in zip(panels, varied, strict=True):
            rows = frame[frame["sweep"] == name]
            lines = {
                side.key: rows[(rows[list(SIDE)] == list(side.key)).all(axis=1)] for side in sides
            }
            for side in sides:
                _line(axes, lines[side.key], side)
            _scales(axes, sorted(rows["size"]), SWEPT[name])
            for pair in pairs:
                if pair.sweep == name:
                    _crossings(axes, pair, lines[pair.reference.key])
        legend(made, panels[0])
    return made


def _line(axes: Axes, rows: pd.DataFrame, side: Group) -> None:
    """Draw a side; a size without a time is a gap between its neighbours."""
    x = rows["size"].astype(float)
    axes.fill_between(
        x, rows["samples_per_s_min"], rows["samples_per_s_max"], color=side.color, alpha=0.2,
        linewidth=0,
    )  # fmt: skip
    axes.plot(
        x, rows["samples_per_s_geomean"], color=side.color, linestyle=side.dash, marker=side.mark,
        markerfacecolor="none", label=side.short,
    )  # fmt: skip


def _scales(axes: Axes, sizes: Sequence[int], what: str) -> None:
    axes.set(xscale="log", yscale="log", xlabel=what, ylabel="samples per second")
    distinct = list(dict.fromkeys(sizes))
    shown = distinct[:: math.ceil(len(distinct) / FEW)]
    axes.set_xticks(shown, [str(size) for size in shown])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _crossings(axes: Axes, pair: Pair, rows: pd.DataFrame) -> None:
    """Draw each crossover where the lines meet, its interval as far as sizes were timed."""
    known = rows[rows["samples_per_s_geomean"].notna()]
    sizes, rates = known["size"].astype(float), known["samples_per_s_geomean"]
    for one in pair.crossings:
        y = float(np.exp(np.interp(np.log(one.size), np.log(sizes), np.log(rates))))
        low, high = max(one.low, pair.sizes[0]), min(one.high, pair.sizes[-1])
        around = None if math.isnan(one.low) else [[one.size - low], [high - one.size]]
        axes.errorbar(one.size, y, xerr=around, color=INK, marker="|", capsize=3, linewidth=1)
        axes.annotate(
            rounded(one.size), (one.size, y), (0, 7), textcoords="offset points", ha="center"
        )
