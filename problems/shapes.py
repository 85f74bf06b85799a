"""Shapes: see three corners of a rectangle, one after the other, and predict the next each time.

A rectangle has the corners (0,0), (w,0), (w,h), (0,h) with w, h ~ U(0, 1). Neither w nor h can be
known before it is seen, so the error has a floor: 1/12 = 0.0833.

The trained network also draws: from (0,0), (w,0) it predicts the third corner, is fed that corner
back, and predicts the fourth. The polygon is an axis-aligned rectangle exactly if x2 = w, x3 = 0
and y3 = y2; the rectangle error is the mean of |x2 - w|, |x3| and |y3 - y2|.

Floor: of the six coordinates predicted, w at the first step and h at the second are best guessed as
0.5, each off by 1/4 on average, and the other four can be right: (1/4 + 1/4) / 6 = 1/12.

Baseline: the best constant answer knows the medians only, (0.5,0), (0.5,0.5), (0,0.5), and is off
by 1/4 in four coordinates of six: 1/6. Of the rectangle error: the constant answer draws x2 = 0.5,
so it is E|0.5 - w| / 3 = 1/12.
"""

import numpy as np

from problems import (
    Array,
    Curve,
    Metric,
    Part,
    Picture,
    Predict,
    Problem,
    Recipe,
    Schedule,
    Spec,
    independent,
    mean_absolute_error,
)

FLOOR = 1 / 12


def examples(rng: np.random.Generator, n: int) -> Part:
    """Draw x (n, time=3, xy=2), the first three corners, and y (n, time=3, xy=2), the next ones."""
    w, h = rng.random((2, n), dtype=np.float32)
    zero = np.zeros_like(w)
    corners = np.stack([zero, zero, w, zero, w, h, zero, h], axis=1).reshape(n, 4, 2)
    return Part(corners[:, :3], corners[:, 1:])


def solve(x: Array) -> Array:
    """Predict what can be known, and 0.5 for the rest: (n, 3, 2) -> (n, 3, 2)."""
    half, zero = np.full(len(x), 0.5, np.float32), np.zeros(len(x), np.float32)
    w, h = x[:, 1, 0], x[:, 2, 1]
    return np.stack([half, zero, w, half, zero, h], axis=1).reshape(len(x), 3, 2)


def draw_polygons(predict: Predict, x: Array) -> Array:
    """Let the network draw from the first two corners of x (n, 3, 2): polygons (n, 4, 2).

    The third place is blank at first: step 1 cannot see it, since the network looks only back.
    """
    corners = x.copy()
    corners[:, 2] = 0
    corners[:, 2] = predict(corners)[:, 1]
    return np.concatenate([corners, predict(corners)[:, 2:]], axis=1)


def rectangle_error(polygons: Array, _: Array) -> float:
    """Return how far polygons (n, 4, 2) are from rectangles on average; defined at the top."""
    x, y = polygons[..., 0], polygons[..., 1]
    gaps = [x[:, 2] - x[:, 1], x[:, 3] - x[:, 0], y[:, 3] - y[:, 2]]
    return float(np.mean(np.abs(gaps), dtype=np.float64))


MEDIANS = np.array([[0.5, 0], [0.5, 0.5], [0, 0.5]], dtype=np.float32)


def outline(corners: Array) -> Curve:
    """Return the closed polygon with these corners (4, 2)."""
    return Curve(*np.concatenate([corners, corners[:1]]).T)


PICTURE = Picture(
    question=lambda x: Curve(*x.T),
    given=lambda x: Curve(*x[:2].T),
    truth=lambda x, y: outline(np.concatenate([x[:1], y])),
    answer=lambda _, polygon: outline(polygon),
    metric="rectangle_error",
    x_label="x",
    y_label="y",
    equal=True,
    note="The height of a rectangle cannot be known from the two corners that the network draws "
    "from. Its best guess is 0.5, whatever the truth.",
)

PROBLEM = Problem(
    name="shapes",
    summary="predict the next corner of a rectangle, then draw one",
    input=Spec(
        axes="time=3 xy=2",
        dtype="float32",
        low=0,
        high=1,
        meaning="the first three corners of a rectangle",
        unit="length",
    ),
    target=Spec(
        axes="time=3 xy=2",
        dtype="float32",
        low=0,
        high=1,
        meaning="the next corner at each step",
        unit="length",
    ),
    output=Spec(
        axes="time=3 xy=2",
        dtype="float32",
        low=-np.inf,
        high=np.inf,
        meaning="the next corner predicted",
        unit="length",
    ),
    hidden={"unit": 10},
    widen=lambda unit: {"unit": unit},
    layers={"lstm": "batch time unit", "dense": "batch time xy"},
    recipe=Recipe(
        loss="mean_absolute_error",
        learning_rate=1e-2,
        schedule=Schedule("exponential", factor=0.4),
        batch_size=32,
        epochs=4,
        examples={"train": 10_000, "validation": 500, "test": 5_000},
    ),
    quick=Recipe(
        loss="mean_absolute_error",
        learning_rate=1e-2,
        schedule=Schedule("exponential", factor=0.4),
        batch_size=32,
        epochs=2,
        examples={"train": 3_200, "validation": 200, "test": 500},
    ),
    metrics=(
        Metric(
            name="mae",
            measure=mean_absolute_error,
            better="lower",
            target=1.05 * FLOOR,
            baseline=1 / 6,
            trivial=MEDIANS,
            best=FLOOR,
            margin=0.001,
            unit="length",
        ),
        Metric(
            name="rectangle_error",
            measure=rectangle_error,
            better="lower",
            target=0.01,
            baseline=1 / 12,
            trivial=MEDIANS,
            best=0.0,
            margin=0.002,
            unit="length",
            ask=draw_polygons,
        ),
    ),
    draw=independent(examples),
    reference=solve,
    picture=PICTURE,
)
