"""Cumulative sum: read ten numbers U(0, 1); at each step, has their sum reached 2.5?

Baselines, from the Irwin-Hall distribution: the sum of k uniform numbers is below s with
probability 1/k! sum_j (-1)^j C(k, j) (s - j)^k over j <= s. The likelier bit at each step is right
in 0.889 of the steps; the likeliest whole answer, the one that turns at step 5, in 0.299 of the
sequences.
"""

from math import comb, factorial

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
    binary_accuracy,
    binary_sequence_accuracy,
    independent,
)

LENGTH, THRESHOLD = 10, 2.5


def reached(x: Array) -> Array:
    """Return whether the running sum of x (n, 10, 1) is at the threshold, per step."""
    return np.cumsum(x, axis=1, dtype=np.float64) >= THRESHOLD


def examples(rng: np.random.Generator, n: int) -> Part:
    """Draw x (n, time=10, feature=1) and y (n, time=10, bit=1)."""
    x = rng.random((n, LENGTH, 1), dtype=np.float32)
    return Part(x, reached(x).astype(np.float32))


def solve(x: Array) -> Array:
    """Add up: (n, 10, 1) -> logits (n, 10, 1)."""
    return reached(x).astype(np.float32) * 2 - 1


def below(k: int) -> float:
    """Return the probability that the sum of k uniform numbers is below the threshold."""
    terms = ((-1) ** j * comb(k, j) * (THRESHOLD - j) ** k for j in range(min(k, 2) + 1))
    return sum(terms) / factorial(k) if k else 1.0


BELOW = np.array([below(k) for k in range(LENGTH + 1)])  # after 0, 1, ..., 10 numbers
TURNS = BELOW[:-1] - BELOW[1:]  # probability that step k = 0, ..., 9 is the first at the threshold
STEP = np.arange(LENGTH)[:, None]


def crossing(x: Array, bits: Array) -> Curve:
    """Return the running sum of x (10, 1) where the first of the bits (10, 1) is above 0."""
    first = np.flatnonzero(bits[:, 0] > 0)[:1]
    return Curve(first + 1, np.cumsum(x[:, 0])[first])


PICTURE = Picture(
    question=lambda x: Curve(np.arange(1, LENGTH + 1), np.cumsum(x[:, 0])),
    truth=crossing,
    answer=crossing,  # a logit is above 0 where a bit is likelier 1
    x_label="step",
    y_label="running sum",
    level=THRESHOLD,
)

PROBLEM = Problem(
    name="cumsum",
    summary="tell at each step whether the running sum has reached 2.5",
    input=Spec(
        axes="time=10 feature=1",
        dtype="float32",
        low=0,
        high=1,
        meaning="ten numbers",
        unit="number",
    ),
    target=Spec(
        axes="time=10 bit=1",
        dtype="float32",
        low=0,
        high=1,
        meaning="1 from the step on at which the running sum reaches 2.5",
        unit="0 or 1",
    ),
    output=Spec(
        axes="time=10 bit=1",
        dtype="float32",
        low=-np.inf,
        high=np.inf,
        meaning="how likely the sum has been reached",
        unit="logit",
    ),
    hidden={"unit": 50, "both": 100},
    widen=lambda unit: {"unit": unit, "both": 2 * unit},
    layers={"lstm": "batch time both", "dense": "batch time bit"},
    recipe=Recipe(
        loss="binary_cross_entropy",
        learning_rate=1e-2,
        schedule=Schedule("exponential", factor=0.6),
        batch_size=64,
        epochs=8,
        examples={"train": 20_000, "validation": 500, "test": 5_000},
    ),
    quick=Recipe(
        loss="binary_cross_entropy",
        learning_rate=1e-2,
        schedule=Schedule("exponential", factor=0.6),
        batch_size=64,
        epochs=2,
        examples={"train": 6_400, "validation": 200, "test": 500},
    ),
    metrics=(
        Metric(
            name="step_accuracy",
            measure=binary_accuracy,
            better="higher",
            target=0.995,
            baseline=float(np.mean(np.maximum(BELOW[1:], 1 - BELOW[1:]))),
            trivial=np.where(BELOW[1:, None] < 0.5, 1.0, -1.0).astype(np.float32),
            best=1.0,
            margin=0.001,
            unit="fraction of steps",
        ),
        Metric(
            name="sequence_accuracy",
            measure=binary_sequence_accuracy,
            better="higher",
            target=0.95,
            baseline=float(TURNS.max()),
            trivial=np.where(TURNS.argmax() <= STEP, 1.0, -1.0).astype(np.float32),
            best=1.0,
            margin=0.01,
            unit="fraction of sequences wholly right",
        ),
    ),
    draw=independent(examples),
    reference=solve,
    picture=PICTURE,
)
