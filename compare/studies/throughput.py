"""The picture of a sweep: samples per second against size, and where two sides cross."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from compare.groups import SIDE, Side
from compare.page.charts import figure, legend_above
from compare.studies.sweep_pairs import Pair
from compare.studies.sweep_words import SWEPT, number
from compare.svg import INK, STYLE

FEW = 8  # sizes that have room for a number each


def throughput(frame: pd.DataFrame, sides: Sequence[Side], pairs: Sequence[Pair]) -> Figure:
    """Return a panel for each thing that was varied: a line per side, median and range of seeds.

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
        legend_above(made, panels[0])
    return made


def _line(axes: Axes, rows: pd.DataFrame, side: Side) -> None:
    """Draw a side; a size without a time is a gap between its neighbours."""
    x = rows["size"].astype(float)
    axes.fill_between(
        x, rows["samples_per_s_min"], rows["samples_per_s_max"], color=side.color, alpha=0.2,
        linewidth=0,
    )  # fmt: skip
    axes.plot(
        x, rows["samples_per_s_median"], color=side.color, linestyle=side.dash, marker=side.mark,
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
    known = rows[rows["samples_per_s_median"].notna()]
    sizes, rates = known["size"].astype(float), known["samples_per_s_median"]
    for one in pair.crossings:
        y = float(np.exp(np.interp(np.log(one.size), np.log(sizes), np.log(rates))))
        low, high = max(one.low, pair.sizes[0]), min(one.high, pair.sizes[-1])
        around = None if math.isnan(one.low) else [[one.size - low], [high - one.size]]
        axes.errorbar(one.size, y, xerr=around, color=INK, marker="|", capsize=3, linewidth=1)
        axes.annotate(
            number(one.size), (one.size, y), (0, 7), textcoords="offset points", ha="center"
        )
