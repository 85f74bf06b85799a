"""Charts of a results folder, as matplotlib figures: pure functions of records and verdicts.

All are narrow enough for a telephone; a page sets several beside each other. What is drawn by
colour is told by mark or line as well. Colour stands for a side, and for nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from compare.drawing.groups import LONGEST, Group
from compare.drawing.svg import INK, STYLE, figure, legend
from compare.records.record import Record
from compare.tables.columns import MEBIBYTE
from compare.tables.statistics import COVERED, geometric_mean
from compare.text import visible
from problems import Array

# What the seconds of a training are spent on: each a difference of fields, see `spent`. How much of
# the ink fills its part of the bar, and the hatch where none does.
PARTS = {
    "start": (0.0, ""),
    "build": (0.0, "-----"),
    "first step": (0.8, ""),
    "other steps": (0.25, ""),
    "validation": (0.0, "//////"),
    "prediction": (0.0, "xxxxx"),
}
MEMORY = {
    "host peak": "host_peak_bytes",
    "host growth": "host_growth_bytes",
    "GPU, in tensors": "gpu_peak_bytes",
    "GPU, reserved": "gpu_reserved_bytes",
    "whole GPU": "gpu_device_bytes",
}
WIDE = 60  # characters below an axis
HATCHES = ("", "///", "...", "xxx", "\\\\\\")


def ratios(verdicts: pd.DataFrame, everyone: Sequence[Group], what: str) -> Figure:
    """Return a ratio for every problem and pair of sides, with its interval, on a log axis.

    `verdicts` are rows of one measure with an effect; `what` names that: "an epoch". A mark is
    hollow where there is no verdict.
    """
    problems = list(dict.fromkeys(verdicts["problem"]))
    rows = [_Ratio.of(row, everyone) for _, row in verdicts.iterrows()]
    pairs = list(dict.fromkeys(one.pair for one in rows))
    made, (axes,) = figure(1.5 + 0.16 * len(problems) * (1 + len(pairs)))
    with rc_context(STYLE):
        for one in rows:
            place = pairs.index(one.pair) - (len(pairs) - 1) / 2
            _ratio(axes, one, problems.index(one.row["problem"]) + 0.75 * place / len(pairs))
        axes.axvline(1, color=INK, linewidth=0.8)
        axes.set_xscale("log")
        _round_ticks(axes)
        axes.set_yticks(range(len(problems)), [visible(name)[:LONGEST] for name in problems])
        axes.set_ylim(len(problems) - 0.5, -0.5)
        _directions(axes, rows)
        made.suptitle(f"How many times as long {what} takes", x=0.01, ha="left", weight="bold")
        if len(pairs) > 1:
            legend(made, axes, below=True)
    return made


@dataclass(frozen=True)
class _Ratio:
    """A row of the verdicts and whose times it compares."""

    row: pd.Series
    side: Group
    reference: Group

    @classmethod
    def of(cls, row: pd.Series, everyone: Sequence[Group]) -> "_Ratio":
        """Return a row with its sides."""
        by_key = {side.key: side for side in everyone}
        setting = (row["device"], row["mode"])
        return cls(row, by_key[row["backend"], *setting], by_key[row["reference"], *setting])

    @property
    def pair(self) -> str:
        """What is divided by what."""
        return f"{self.side.short} / {self.reference.short}"


def _ratio(axes: Axes, one: _Ratio, y: float) -> None:
    """Draw one ratio: the mark, the interval if there is one, and the value beside them."""
    value, low, high = (one.row[name] for name in ("effect", "low", "high"))
    bar = not pd.isna(low)
    axes.errorbar(
        value, y, xerr=[[value - low], [high - value]] if bar else None, color=one.side.color,
        capsize=3, linestyle="none", marker=one.side.mark, label=one.pair,
        markerfacecolor="none" if pd.isna(one.row["verdict"]) else one.side.color,
    )  # fmt: skip
    left = value < 1  # on the far side of the mark, so that no value lies on the line at 1
    _value(axes, (low if left else high) if bar else value, y, f"{value:.2f}", left=left)


def _directions(axes: Axes, rows: Sequence[_Ratio]) -> None:
    """Write along the axes what is divided by what, who is faster where, and what marks mean."""
    names = list(dict.fromkeys(one.side.short for one in rows))
    references = list(dict.fromkeys(one.reference.short for one in rows))
    other = references[0] if len(references) == 1 else "the reference"
    time, less = (f"{names[0]}'s time", f"{names[0]} faster")
    if len(names) > 1:
        time, less = "time", f"faster than {other}"
    marks = []
    if any(not pd.isna(one.row["low"]) for one in rows):
        marks += wrap(f"bar: {COVERED}", WIDE)
    if any(pd.isna(one.row["verdict"]) for one in rows):
        marks.append("hollow: not judged, too few seeds")
    axes.set_xlabel("\n".join([f"{time} / {other}'s, log scale", *marks]))
    above: dict[str, Any] = {"xycoords": axes.get_xaxis_transform(), "fontsize": 8}
    above |= {"textcoords": "offset points"}
    axes.annotate(f"{other} faster \N{RIGHTWARDS ARROW}", (1, 1), (3, 3), **above)
    if any(one.row["effect"] < 1 for one in rows):
        axes.annotate(f"\N{LEFTWARDS ARROW} {less}", (1, 1), (-3, 3), ha="right", **above)


def learning(sides: Sequence[Group]) -> Figure:
    """Return the validation loss per epoch and per second: median and range over the seeds.

    Seconds are geometric means, as in tables.
    """
    made, (per_epoch, per_second) = figure(2.6, columns=2)
    with rc_context(STYLE):
        for side in sides:
            losses = _losses(side.scored)
            if not np.isfinite(losses).any():
                continue
            known = np.isfinite(losses).any(axis=0)  # epochs of which some seed has a loss
            losses = losses[:, known]
            seconds = _seconds(side.scored)
            middle = np.nanmedian(losses, axis=0)
            epochs = np.flatnonzero(known) + 1
            for axes, x in ((per_epoch, epochs), (per_second, _center(seconds)[known])):
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
        legend(made, per_epoch)
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


def _center(seconds: Array) -> Array:
    """Return the geometric mean over the seeds, of seconds (seeds, epochs)."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(np.log(seconds).mean(axis=0)))


def spent(records: Iterable[Record]) -> dict[str, float]:
    """Return the mean seconds of a training by what they were spent on."""
    parts: dict[str, list[float]] = {name: [] for name in PARTS}
    for one in records:
        steps = max(0.0, (one.first_epoch_s or 0) + sum(one.epoch_s) - (one.first_step_s or 0))
        values = (
            one.start_s, one.build_s, one.first_step_s, steps, one.validation_s, one.predict_s
        )  # fmt: skip
        for name, value in zip(PARTS, values, strict=True):
            parts[name] += [] if value is None else [value]
    means = {name: geometric_mean(values) for name, values in parts.items()}
    return {name: mean for name, mean in means.items() if mean is not None}


def time_split(sides: Sequence[Group]) -> Figure:
    """Return what the seconds of a training were spent on, a bar for each side."""
    made, (axes,) = figure(1.1 + 0.35 * len(sides))
    with rc_context(STYLE):
        for place, side in enumerate(sides):
            left = 0.0
            for name, seconds in spent(side.scored).items():
                filled, hatch = PARTS[name]
                axes.barh(
                    place, seconds, left=left, height=0.6, facecolor=(INK, filled), hatch=hatch,
                    edgecolor=INK, linewidth=0.6, label=name,
                )  # fmt: skip
                left += seconds
            _value(axes, left, place, f"{left:#.3g}")
        _bars(axes, [side.short for side in sides], "seconds of a training, geometric means")
        legend(made, axes, columns=3)
    return made


def memory(sides: Sequence[Group]) -> Figure:
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
            _value(axes, taken / MEBIBYTE, place, f"{taken / MEBIBYTE:,.0f}")
        names = [f"{heading}, {side.short}" for heading, side, _ in found]
        _bars(axes, names, "MiB, most of all seeds")
    return made


def _bars(axes: Axes, names: Sequence[str], x_label: str) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(x_label)
    axes.margins(x=0.14)  # room for the value at the end of the longest
    axes.set_xlim(left=0)


def _value(axes: Axes, x: float, y: float, text: str, *, left: bool = False) -> None:
    """Write a value beside its mark, or at the end of its bar."""
    axes.annotate(
        text, (x, y), (-5 if left else 5, 0), textcoords="offset points", va="center",
        ha="right" if left else "left", fontsize=8,
    )  # fmt: skip


def _round_ticks(axes: Axes) -> None:
    """Label a log axis of ratios with plain numbers, some five of them; leave room for values."""
    low, high = axes.get_xlim()
    room = (high / low) ** 0.12
    low, high = min(low / room if low < 1 else low, 0.9), max(high * room, 1.25)
    steps = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
    near = (0.8, 0.9, 1.1, 1.25) if high / low < 4 else ()
    shown = sorted(one for one in (*steps, *near) if low <= one <= high)
    axes.set_xlim(low, high)
    axes.set_xticks(shown, [f"{one:g}" for one in shown])
    axes.minorticks_off()
