"""Digits: see a handwritten digit row by row, from top to bottom, and say which it is.

The data are real: 1,797 images of 8 rows by 8 pixels, each the amount of ink from 0 to 16, as
scikit-learn has them (digits.npz; source and licence are in the text beside it). They are split
once: of every nine images in their order, six are for training, one for validation, two for the
test. So every seed has the same data, and seeds vary the initial weights and the order alone.

Baseline: the ten digits are about equally common, so any constant answer is right once in ten.

Reference: the digit of the nearest training image is right for 98.7 % of the test images. A network
may pass it.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from problems import (
    Array,
    Data,
    Frames,
    Metric,
    Part,
    Picture,
    Problem,
    Recipe,
    Schedule,
    Spec,
    Words,
    accuracy,
)

FILE = Path(__file__).with_name("digits.npz")
SIDE, DIGITS, INK = 8, 10, 16
SPLIT = {"train": (0, 1, 2, 3, 4, 5), "validation": (6,), "test": (7, 8)}  # of every nine images


@cache
def parts() -> Data:
    """Return all there is: x (n, row=8, column=8), ink from 0 to 1, and the digits y (n,)."""
    with np.load(FILE) as arrays:
        x = arrays["image"].astype(np.float32) / INK
        y = arrays["digit"].astype(np.int64)
    place = np.arange(len(x)) % 9
    return {
        part: Part(x[np.isin(place, which)], y[np.isin(place, which)])
        for part, which in SPLIT.items()
    }


def draw(seed: int, sizes: Mapping[str, int]) -> Data:
    """Return the first examples of each part, the same for every seed."""
    return {part: Part(parts()[part].x[:n], parts()[part].y[:n]) for part, n in sizes.items()}


def nearest(x: Array) -> Array:
    """Answer with the digit of the nearest training image: (n, 8, 8) -> logits (n, 10)."""
    known = parts()["train"]
    seen, asked = (images.reshape(len(images), -1) for images in (known.x, x))
    squared = (seen**2).sum(1) - 2 * asked @ seen.T  # but for what does not depend on `seen`
    logits: Array = np.eye(DIGITS, dtype=np.float32)[known.y[squared.argmin(1)]]
    return logits


PICTURE = Picture(
    question=lambda x: Frames(x[None], ("",)),
    truth=lambda _, y: Words(str(y)),
    answer=lambda _, logits: Words(str(logits.argmax())),
)

PROBLEM = Problem(
    name="digits",
    summary="read a handwritten digit row by row",
    input=Spec(
        axes="row=8 column=8",
        dtype="float32",
        low=0,
        high=1,
        meaning="an image of a handwritten digit, its rows one after the other",
        unit="0 paper, 1 ink",
    ),
    target=Spec(
        axes="",
        dtype="int64",
        low=0,
        high=DIGITS - 1,
        meaning="the digit",
        unit="class index",
    ),
    output=Spec(
        axes=f"digit={DIGITS}",
        dtype="float32",
        low=-np.inf,
        high=np.inf,
        meaning="how likely each digit is",
        unit="logit",
    ),
    hidden={"unit": 64},
    widen=lambda unit: {"unit": unit},
    layers={"lstm.last": "batch unit", "dense": "batch digit"},
    recipe=Recipe(
        loss="cross_entropy",
        learning_rate=2e-2,
        schedule=Schedule("exponential", factor=0.85),
        batch_size=32,
        epochs=15,
        examples={"train": 1_200, "validation": 199, "test": 398},
    ),
    quick=Recipe(
        loss="cross_entropy",
        learning_rate=2e-2,
        schedule=Schedule("exponential", factor=0.8),
        batch_size=32,
        epochs=10,
        examples={"train": 1_200, "validation": 199, "test": 398},
    ),
    metrics=(
        Metric(
            name="accuracy",
            measure=accuracy,
            better="higher",
            target=0.94,
            baseline=1 / DIGITS,
            trivial=np.eye(DIGITS, dtype=np.float32)[0],
            best=1.0,
            reference=0.987,
            margin=0.01,
            unit="fraction of examples",
        ),
    ),
    draw=draw,
    reference=nearest,
    fixed=True,
    picture=PICTURE,
)
