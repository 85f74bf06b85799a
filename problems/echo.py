"""Echo: hear five digits, repeat the one in the middle.

The network must carry one symbol through the two that follow and ignore the rest.

Baseline: the digits are uniform, so any constant answer is right once in ten: accuracy 0.1.
"""

import numpy as np

from problems import (
    Array,
    Metric,
    Part,
    Picture,
    Problem,
    Recipe,
    Spec,
    Words,
    accuracy,
    independent,
)

LENGTH, SYMBOLS, POSITION = 5, 10, 2


def one_hot(indices: Array, n: int) -> Array:
    """Return indices (...) as one-hot float32 (..., n)."""
    return np.eye(n, dtype=np.float32)[indices]


def examples(rng: np.random.Generator, n: int) -> Part:
    """Draw x (n, time=5, symbol=10), one-hot, and y (n,), the digit at index 2."""
    digits = rng.integers(SYMBOLS, size=(n, LENGTH))
    return Part(one_hot(digits, SYMBOLS), digits[:, POSITION])


def solve(x: Array) -> Array:
    """Answer with the one-hot symbol itself: (n, 5, 10) -> logits (n, 10)."""
    return x[:, POSITION]


PICTURE = Picture(
    question=lambda x: Words(" ".join(str(digit) for digit in x.argmax(-1))),
    truth=lambda _, y: Words(str(y)),
    answer=lambda _, logits: Words(str(logits.argmax())),
)

PROBLEM = Problem(
    name="echo",
    summary="repeat the third of five digits",
    input=Spec(
        axes="time=5 symbol=10",
        dtype="float32",
        low=0,
        high=1,
        meaning="five digits, 0 to 9",
        unit="one-hot",
    ),
    target=Spec(
        axes="",
        dtype="int64",
        low=0,
        high=9,
        meaning="the digit at index 2",
        unit="class index",
    ),
    output=Spec(
        axes="symbol=10",
        dtype="float32",
        low=-np.inf,
        high=np.inf,
        meaning="how likely each digit is",
        unit="logit",
    ),
    hidden={"unit": 25},
    widen=lambda unit: {"unit": unit},
    layers={"lstm.last": "batch unit", "dense": "batch symbol"},
    recipe=Recipe(
        loss="cross_entropy",
        learning_rate=1e-2,
        batch_size=32,
        epochs=10,
        examples={"train": 3_150, "validation": 500, "test": 2_000},
    ),
    quick=Recipe(
        loss="cross_entropy",
        learning_rate=1e-2,
        batch_size=32,
        epochs=4,
        examples={"train": 1_600, "validation": 200, "test": 500},
    ),
    metrics=(
        Metric(
            name="accuracy",
            measure=accuracy,
            better="higher",
            target=0.999,
            baseline=1 / SYMBOLS,
            trivial=one_hot(np.array(0), SYMBOLS),
            best=1.0,
            margin=0.002,
            unit="fraction of examples",
        ),
    ),
    draw=independent(examples),
    reference=solve,
    picture=PICTURE,
)
