"""Pictures of a results folder, as matplotlib figures: pure functions of records and samples.

All are narrow enough for a telephone; a page sets several beside each other. What is drawn by
colour is told by mark or line as well.
"""

from collections.abc import Iterable, Sequence
from statistics import median

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from compare.groups import LONGEST, SIDE, Side
from compare.records.record import Record
from compare.svg import INK, STYLE, figure, legend_above
from compare.tables.columns import MEBIBYTE
from compare.text import visible
from problems import Array

# What the seconds of a training are spent on: each a difference of fields, see `spent`.
PARTS = {
    "start": "#999999",
    "build": "#CC79A7",
    "first step": "#D55E00",
    "other steps": "#0072B2",
    "validation": "#009E73",
    "prediction": "#E69F00",
}
MEMORY = {
    "host peak": "host_peak_bytes",
    "host growth": "host_growth_bytes",
    "GPU, in tensors": "gpu_peak_bytes",
    "GPU, reserved": "gpu_reserved_bytes",
    "whole GPU": "gpu_device_bytes",
}
HATCHES = ("", "///", "...", "xxx", "\\\\\\")


def ratios(verdicts: pd.DataFrame, sides: Sequence[Side]) -> Figure:
    """Return a ratio for every problem and pair of sides, with its interval, on a log axis.

    `verdicts` are rows of one measure with an effect. Without an interval, a mark is hollow.
    """
    problems = list(dict.fromkeys(verdicts["problem"]))
    rows = [(row, side_of(row, sides)) for _, row in verdicts.iterrows()]
    pairs = list(dict.fromkeys(_pair(row, side) for row, side in rows))
    made, (axes,) = figure(0.9 + 0.16 * len(problems) * (1 + len(pairs)))
    with rc_context(STYLE):
        for row, side in rows:
            place = pairs.index(_pair(row, side)) - (len(pairs) - 1) / 2
            y = problems.index(row["problem"]) + 0.7 * place / len(pairs)
            sure = not pd.isna(row["low"])
            around = [[row["effect"] - row["low"]], [row["high"] - row["effect"]]] if sure else None
            axes.errorbar(
                row["effect"], y, xerr=around, color=side.color, capsize=3, linestyle="none",
                marker=side.mark if sure else "o", markerfacecolor=side.color if sure else "none",
                label=_pair(row, side),
            )  # fmt: skip
        axes.axvline(1, color=INK, linewidth=0.8)
        axes.set_xscale("log")
        _round_ticks(axes)
        axes.set_yticks(range(len(problems)), [visible(name)[:LONGEST] for name in problems])
        axes.set_ylim(len(problems) - 0.5, -0.5)
        legend_above(made, axes, columns=1)
    return made


def side_of(row: pd.Series, sides: Sequence[Side]) -> Side:
    """Return the side that a row of the verdicts is about."""
    key = tuple(row[name] for name in SIDE)
    return next(side for side in sides if side.key == key)


def _pair(row: pd.Series, side: Side) -> str:
    return f"{side.short} / {visible(str(row['reference']))[:LONGEST]}"


def learning(sides: Sequence[Side]) -> Figure:
    """Return the validation loss per epoch and per second: median and range over the seeds."""
    made, (per_epoch, per_second) = figure(2.6, columns=2)
    with rc_context(STYLE):
        for side in sides:
            losses = _losses(side.scored)
            if not losses.size:
                continue
            seconds = _seconds(side.scored)
            middle = np.nanmedian(losses, axis=0)
            epochs = np.arange(1, len(middle) + 1)
            for axes, x in ((per_epoch, epochs), (per_second, np.median(seconds, axis=0))):
                if len(losses) > 1:
                    lowest, highest = np.nanmin(losses, axis=0), np.nanmax(losses, axis=0)
                    axes.fill_between(x, lowest, highest, color=side.color, alpha=0.2, linewidth=0)
                axes.plot(
                    x, middle, color=side.color, linestyle=side.dash, marker=side.mark,
                    markerfacecolor="none", label=side.short,
                )  # fmt: skip
        per_second.sharey(per_epoch)
        per_epoch.set(xlabel="epoch", ylabel="validation loss")
        per_epoch.xaxis.set_major_locator(MaxNLocator(integer=True))
        per_second.set(xlabel="seconds", xlim=(0, None))
        per_second.tick_params(labelleft=False, which="both")
        drawn = np.concatenate([line.get_ydata() for line in per_epoch.lines] or [np.ones(1)])
        if 0 < 3 * np.nanmin(drawn) < np.nanmax(drawn):
            per_epoch.set_yscale("log")
            per_epoch.yaxis.set_major_formatter("{x:g}")
            per_epoch.yaxis.set_minor_formatter(
                lambda loss, _: f"{loss:g}" if f"{loss:e}"[0] in "25" else ""
            )
        legend_above(made, per_epoch)
    return made


def _losses(records: Sequence[Record]) -> Array:
    """Return validation losses (seeds, epochs); those of another length are left out."""
    return np.array([one.validation_loss for one in _whole(records)], dtype=float)


def _whole(records: Sequence[Record]) -> list[Record]:
    """Return the trainings of the usual number of epochs, each with its loss and its seconds."""
    epochs = max((len(one.validation_loss) for one in records), default=0)
    return [one for one in records if len(one.validation_loss) == epochs == 1 + len(one.epoch_s)]


def _seconds(records: Sequence[Record]) -> Array:
    """Return when each epoch ended (seeds, epochs), in seconds from the start of the build."""
    kept = _whole(records)
    parts = [[(one.build_s or 0) + (one.first_epoch_s or 0), *one.epoch_s] for one in kept]
    return np.cumsum(np.array(parts, dtype=float), axis=1)


def spent(records: Iterable[Record]) -> dict[str, float]:
    """Return the median seconds of a training by what they were spent on."""
    parts: dict[str, list[float]] = {name: [] for name in PARTS}
    for one in records:
        steps = (one.first_epoch_s or 0) + sum(one.epoch_s) - (one.first_step_s or 0)
        values = (
            one.start_s, one.build_s, one.first_step_s, steps, one.validation_s, one.predict_s
        )  # fmt: skip
        for name, value in zip(PARTS, values, strict=True):
            parts[name] += [] if value is None else [value]
    return {name: median(values) for name, values in parts.items() if values}


def time_split(sides: Sequence[Side]) -> Figure:
    """Return what the seconds of a training were spent on, a bar for each side."""
    made, (axes,) = figure(1.1 + 0.35 * len(sides))
    with rc_context(STYLE):
        for place, side in enumerate(sides):
            left = 0.0
            for name, seconds in spent(side.scored).items():
                axes.barh(
                    place, seconds, left=left, height=0.6, color=PARTS[name], edgecolor="white",
                    linewidth=0.5, label=name,
                )  # fmt: skip
                left += seconds
        _bars(axes, [side.short for side in sides], "seconds of a training, medians")
        legend_above(made, axes, columns=3)
    return made


def memory(sides: Sequence[Side]) -> Figure:
    """Return the memory that each side took, a bar for each way in which it was measured."""
    found = [
        (heading, side, max(taken))
        for heading, name in MEMORY.items()
        for side in sides
        if (taken := [value for one in side.scored if (value := getattr(one, name)) is not None])
    ]
    made, (axes,) = figure(0.8 + 0.25 * len(found))
    with rc_context(STYLE):
        for place, (heading, side, taken) in enumerate(found):
            hatch = HATCHES[list(MEMORY).index(heading)]
            axes.barh(
                place, taken / MEBIBYTE, height=0.7, color=side.color, edgecolor="white",
                linewidth=0.5, hatch=hatch,
            )  # fmt: skip
        _bars(
            axes,
            [f"{heading}, {side.short}" for heading, side, _ in found],
            "MiB, most of all seeds",
        )
    return made


def _bars(axes: Axes, names: Sequence[str], x_label: str) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(x_label)


def _round_ticks(axes: Axes) -> None:
    """Label a log axis of ratios with plain numbers, some five of them."""
    low, high = axes.get_xlim()
    low, high = min(0.97 * low, 0.8), max(1.03 * high, 1.25)
    steps = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
    near = (0.8, 0.9, 1.1, 1.25) if high / low < 4 else ()
    shown = sorted(one for one in (*steps, *near) if low <= one <= high)
    axes.set_xlim(low, high)
    axes.set_xticks(shown, [f"{one:g}" for one in shown])
    axes.minorticks_off()
