"""CO2: see how much carbon dioxide was in the air in 52 weeks, forecast the next 4.

The data are real: weekly means of Mauna Loa, 1958 to 2001, as statsmodels has them (co2.npz; source
and licence are in the text beside it). They are split by time, and no example reaches across the
border of a part: from February 1967, where the long gaps end, to 1989 for training, to 1993 for
validation, to 2001 for the test. Six weeks of the first part are missing; they lie on the line
between their neighbours. No week of the other parts is missing. So every seed has the same data,
and seeds vary the initial weights and the order of the batches alone.

The network forecasts the difference to the last week that it sees, in ppm (parts per million). It
sees the weeks as such differences, too, divided by 10.

Baseline: that the weeks ahead are like the last one is off by 0.754 ppm in the test's years.

Reference: that they differ from the last one as the same weeks did a year before is off by 0.543
ppm. The year is one of 51 weeks, for the input has no more. A network may pass it.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from problems import (
    Array,
    Curve,
    Data,
    Metric,
    Part,
    Picture,
    Problem,
    Recipe,
    Spec,
    mean_absolute_error,
)

FILE = Path(__file__).with_name("co2.npz")
SEEN, AHEAD = 52, 4  # weeks
SCALE = 10  # ppm: the input is in tens of them
SPLIT = {"train": ("1967-02", "1990"), "validation": ("1990", "1994"), "test": ("1994", "2002")}


def windows(ppm: Array) -> Part:
    """Return every 56 weeks in a row of ppm (weeks,) as x (n, time=52, value=1) and y (n, 4)."""
    rows = np.lib.stride_tricks.sliding_window_view(ppm, SEEN + AHEAD)
    rows = (rows - rows[:, SEEN - 1 : SEEN]).astype(np.float32)
    return Part(rows[:, :SEEN, None] / np.float32(SCALE), rows[:, SEEN:])


@cache
def parts() -> Data:
    """Return all there is; of a part, each example has weeks of that part alone."""
    with np.load(FILE) as arrays:
        week, ppm = arrays["week"], arrays["ppm"]
    known = ~np.isnan(ppm)
    ppm = np.interp(np.arange(len(ppm)), np.flatnonzero(known), ppm[known])
    first = {day: int(np.searchsorted(week, np.datetime64(day))) for day in sum(SPLIT.values(), ())}
    return {part: windows(ppm[first[begin] : first[end]]) for part, (begin, end) in SPLIT.items()}


def draw(seed: int, sizes: Mapping[str, int]) -> Data:
    """Return the first examples of each part, the same for every seed."""
    return {part: Part(parts()[part].x[:n], parts()[part].y[:n]) for part, n in sizes.items()}


def as_last_year(x: Array) -> Array:
    """Repeat what the same weeks brought a year before: (n, 52, 1) -> (n, 4), in ppm."""
    return (x[:, 1 : AHEAD + 1, 0] - x[:, :1, 0]) * np.float32(SCALE)


def forecast(_: Array, ahead: Array) -> Curve:
    """Return the weeks ahead (4,) as they follow the last one seen, which is 0."""
    return Curve(np.arange(AHEAD + 1), np.concatenate([[0], ahead]))


PICTURE = Picture(
    question=lambda x: Curve(np.arange(1 - SEEN, 1), x[:, 0] * SCALE),
    given=lambda x: Curve(np.arange(-12, 1), x[-13:, 0] * SCALE),
    truth=forecast,
    answer=forecast,
    x_label="week",
    y_label="ppm, less the last week's",
)

PROBLEM = Problem(
    name="co2",
    summary="forecast four weeks of carbon dioxide in the air",
    input=Spec(
        axes=f"time={SEEN} value=1",
        dtype="float32",
        low=-1,
        high=1,
        meaning="52 weeks of carbon dioxide, less the last one",
        unit="10 ppm",
    ),
    target=Spec(
        axes=f"ahead={AHEAD}",
        dtype="float32",
        low=-4,
        high=4,
        meaning="the next 4 weeks, less the last one seen",
        unit="ppm",
    ),
    output=Spec(
        axes=f"ahead={AHEAD}",
        dtype="float32",
        low=-np.inf,
        high=np.inf,
        meaning="the forecast, less the last week seen",
        unit="ppm",
    ),
    hidden={"unit": 16},
    widen=lambda unit: {"unit": unit},
    layers={"lstm.last": "batch unit", "dense": "batch ahead"},
    recipe=Recipe(
        loss="mean_absolute_error",
        learning_rate=3e-3,
        decay=0.9,
        batch_size=32,
        epochs=12,
        examples={"train": 1_141, "validation": 153, "test": 363},
    ),
    quick=Recipe(
        loss="mean_absolute_error",
        learning_rate=4e-3,
        decay=0.9,
        batch_size=32,
        epochs=10,
        examples={"train": 1_141, "validation": 153, "test": 363},
    ),
    metrics=(
        Metric(
            name="mae",
            measure=mean_absolute_error,
            better="lower",
            target=0.45,
            baseline=0.754,
            trivial=np.zeros(AHEAD, np.float32),
            best=0.0,
            reference=0.543,
            margin=0.02,
            unit="ppm",
        ),
    ),
    draw=draw,
    reference=as_last_year,
    fixed=True,
    picture=PICTURE,
)
