"""Damped sine: see 50 points of a fading wave, forecast the next 5.

A wave is 0.5 + 0.5 sin(2 pi i / p) exp(-d i), i = 0, 1, ..., with a whole period p of 10 to 20
points and a damping d ~ U(0.01, 0.1) per point.

Baseline: the constant 0.5 is off by 0.5 |sin(2 pi i / p)| exp(-d i) at point i. The mean of
exp(-d i) over d is (exp(-0.01 i) - exp(-0.1 i)) / (0.09 i); `baseline` averages the product over
the 11 periods and the 5 points: 0.040. (Repeating the last point seen is worse: 0.049.)
"""

import numpy as np

from problems import (
    Array,
    Curve,
    Metric,
    Part,
    Picture,
    Problem,
    Recipe,
    Schedule,
    Spec,
    independent,
    mean_absolute_error,
)

SEEN, AHEAD = 50, 5
PERIODS = np.arange(10, 21)
DAMPING = (0.01, 0.1)


def examples(rng: np.random.Generator, n: int) -> Part:
    """Draw x (n, time=50, feature=1) and y (n, time=5), the points that follow."""
    period = rng.choice(PERIODS, size=(n, 1))
    damping = rng.uniform(*DAMPING, size=(n, 1))
    i = np.arange(SEEN + AHEAD)
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * i / period) * np.exp(-damping * i)
    wave = wave.astype(np.float32)
    return Part(wave[:, :SEEN, None], wave[:, SEEN:])


def solve(x: Array) -> Array:
    """Continue the wave: (n, 50, 1) -> (n, 5).

    A damped sine obeys w[i+2] = a w[i+1] + b w[i]; a and b come from the points seen, by least
    squares.
    """
    wave = x[:, :, 0].astype(np.float64) - 0.5
    for row in range(AHEAD):
        before = np.stack([wave[:, 1 : SEEN - 1], wave[:, : SEEN - 2]], axis=2)
        normal = before.transpose(0, 2, 1) @ before
        right = before.transpose(0, 2, 1) @ wave[:, 2:SEEN, None]
        coefficients = np.linalg.solve(normal, right)[:, :, 0]
        following = (coefficients * wave[:, [SEEN + row - 1, SEEN + row - 2]]).sum(1)
        wave = np.concatenate([wave, following[:, None]], axis=1)
    return (0.5 + wave[:, SEEN:]).astype(np.float32)


def forecast(x: Array, ahead: Array) -> Curve:
    """Return the points ahead (5,) as they follow the last one seen of x (50, 1)."""
    return Curve(np.arange(SEEN - 1, SEEN + AHEAD), np.concatenate([x[-1], ahead]))


def baseline() -> float:
    """Return the mean absolute error of the constant 0.5, derived above."""
    i = np.arange(SEEN, SEEN + AHEAD)
    low, high = DAMPING
    fading = (np.exp(-low * i) - np.exp(-high * i)) / ((high - low) * i)
    return float(np.mean(0.5 * np.abs(np.sin(2 * np.pi * i / PERIODS[:, None])) * fading))


PICTURE = Picture(
    question=lambda x: Curve(np.arange(SEEN), x[:, 0]),
    given=lambda x: Curve(np.arange(SEEN - 12, SEEN), x[-12:, 0]),
    truth=forecast,
    answer=forecast,
    x_label="point",
    y_label="height",
)

PROBLEM = Problem(
    name="damped_sine",
    summary="forecast five points of a fading wave",
    input=Spec(
        axes="time=50 feature=1",
        dtype="float32",
        low=0,
        high=1,
        meaning="50 points of a damped sine wave",
        unit="height",
    ),
    target=Spec(
        axes="ahead=5",
        dtype="float32",
        low=0,
        high=1,
        meaning="the next 5 points",
        unit="height",
    ),
    output=Spec(
        axes="ahead=5",
        dtype="float32",
        low=-np.inf,
        high=np.inf,
        meaning="the forecast",
        unit="height",
    ),
    hidden={"unit": 20},
    widen=lambda unit: {"unit": unit},
    layers={"lstm1": "batch time unit", "lstm2.last": "batch unit", "dense": "batch ahead"},
    recipe=Recipe(
        loss="mean_absolute_error",
        learning_rate=1e-2,
        schedule=Schedule("exponential", factor=0.65),
        batch_size=32,
        epochs=6,
        examples={"train": 10_000, "validation": 500, "test": 2_000},
    ),
    quick=Recipe(
        loss="mean_absolute_error",
        learning_rate=1e-2,
        schedule=Schedule("exponential", factor=0.5),
        batch_size=32,
        epochs=2,
        examples={"train": 3_200, "validation": 200, "test": 500},
    ),
    metrics=(
        Metric(
            name="mae",
            measure=mean_absolute_error,
            better="lower",
            target=0.006,
            baseline=baseline(),
            trivial=np.full(AHEAD, 0.5, np.float32),
            best=0.0,
            margin=0.001,
            unit="height",
        ),
    ),
    draw=independent(examples),
    reference=solve,
    picture=PICTURE,
)
