"""Japanese vowels: hear a speaker say two vowels, and tell which of nine speakers it is.

The data are real: 640 utterances of 7 to 29 steps, each step 12 coefficients of the sound, as
sktime has them (japanese_vowels.npz; source and licence are in the text beside it). They are split
once: of the 270 utterances that the authors give for training, every ninth is for validation; their
370 others, said on other occasions, are the test. So every seed has the same data, and seeds vary
the initial weights and the order of the batches alone.

Utterances are as long as they are. After the end of each, the input is 0, and neither network may
look there: the one packs its sequences, the other masks them.

Baseline: the first speaker said 31 of the 370 test utterances, so to name always him is right for
0.084 of them. In the training part all nine are equally common.

Reference: the speaker of the training utterance whose mean over its steps is nearest is right for
94.1 % of the test utterances. A network may pass it.
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
    Words,
    accuracy,
    mapped,
)

FILE = Path(__file__).with_name("japanese_vowels.npz")
LONGEST, COEFFICIENTS, SPEAKERS = 29, 12, 9
UNIT = 1e6  # the file has millionths
FOR_TRAINING = 270  # come first in the file; of these, every ninth is for validation


@cache
def parts() -> Data:
    """Return all there is: steps (n, time=29, coefficient=12), length (n,) and speakers (n,)."""
    with np.load(FILE) as arrays:
        length = arrays["length"].astype(np.int64)
        y = arrays["speaker"].astype(np.int64)
        spoken = np.arange(LONGEST) < length[:, None]  # (n, time)
        steps = np.zeros((len(y), LONGEST, COEFFICIENTS), dtype=np.float32)
        steps[spoken] = arrays["coefficient"] / UNIT
    place = np.arange(len(y))
    test, validation = place >= FOR_TRAINING, place % 9 == 8
    which = {"train": ~test & ~validation, "validation": ~test & validation, "test": test}
    return {
        part: Part({"steps": steps[one], "length": length[one]}, y[one])
        for part, one in which.items()
    }


def draw(seed: int, sizes: Mapping[str, int]) -> Data:
    """Return the first examples of each part, the same for every seed."""
    return {
        name: Part(mapped(lambda array, n=n: array[:n], part.x), part.y[:n])
        for name, n in sizes.items()
        for part in [parts()[name]]
    }


def mean(x: Mapping[str, Array]) -> Array:
    """Return the mean of every utterance over its own steps: (n, coefficient)."""
    found: Array = x["steps"].sum(1) / x["length"][:, None]  # what is after its end is 0
    return found


def nearest(x: Mapping[str, Array]) -> Array:
    """Answer with the speaker of the training utterance of the nearest mean: logits (n, 9)."""
    known = parts()["train"]
    squared = ((mean(x)[:, None] - mean(known.x)) ** 2).sum(-1)  # (n, known)
    logits: Array = np.eye(SPEAKERS, dtype=np.float32)[known.y[squared.argmin(1)]]
    return logits


PICTURE = Picture(
    question=lambda x: Curve(np.arange(int(x["length"])), x["steps"][: int(x["length"]), 0]),
    truth=lambda _, y: Words(f"speaker {y + 1}"),
    answer=lambda _, logits: Words(f"speaker {logits.argmax() + 1}"),
    x_label="step",
    y_label="first coefficient",
)

PROBLEM = Problem(
    name="japanese_vowels",
    summary="tell by two vowels which of nine people speaks",
    input={
        "steps": Spec(
            axes=f"time={LONGEST} coefficient={COEFFICIENTS}",
            dtype="float32",
            low=-2.5,
            high=2.5,
            meaning="an utterance; 0 after its end",
            unit="LPC cepstrum coefficient",
        ),
        "length": Spec(
            axes="",
            dtype="int64",
            low=7,
            high=LONGEST,
            meaning="how long it is",
            unit="steps",
            length_of="time",
        ),
    },
    target=Spec(
        axes="",
        dtype="int64",
        low=0,
        high=SPEAKERS - 1,
        meaning="the speaker",
        unit="class index",
    ),
    output=Spec(
        axes=f"speaker={SPEAKERS}",
        dtype="float32",
        low=-np.inf,
        high=np.inf,
        meaning="how likely each speaker is",
        unit="logit",
    ),
    hidden={"unit": 64},
    widen=lambda unit: {"unit": unit},
    layers={"lstm.last": "batch unit", "dense": "batch speaker"},
    recipe=Recipe(
        loss="cross_entropy",
        learning_rate=3e-3,
        decay=0.97,
        batch_size=32,
        epochs=40,
        examples={"train": 240, "validation": 30, "test": 370},
    ),
    quick=Recipe(
        loss="cross_entropy",
        learning_rate=3e-3,
        decay=0.97,
        batch_size=32,
        epochs=30,
        examples={"train": 240, "validation": 30, "test": 370},
    ),
    metrics=(
        Metric(
            name="accuracy",
            measure=accuracy,
            better="higher",
            target=0.92,
            baseline=31 / 370,
            trivial=np.eye(SPEAKERS, dtype=np.float32)[0],
            best=1.0,
            reference=0.941,
            margin=0.01,
            unit="fraction of examples",
        ),
    ),
    draw=draw,
    reference=nearest,
    fixed=True,
    picture=PICTURE,
)
