"""Addition: read "a+b+c", each 1 to 10, character by character, and write the sum.

There are only 1,000 such questions, so a test set drawn at random is wholly seen in training and
measures memory. 200 of them, chosen by the seed, are therefore kept out of training: "test" draws
at random from the 800 others, as training does, and "unseen" holds the 200. (A reordering of an
unseen question may have been seen: 1+2+3 is another question than 3+2+1.)

Baselines, by enumeration of the 1,000 questions: the likeliest sum, 16, has 75 of them, so writing
"16" always is right in 0.075; writing the likeliest character at each of the two places is right in
0.3665 of the characters.
"""

from collections.abc import Mapping

import numpy as np

from problems import (
    Array,
    Data,
    Metric,
    Part,
    Picture,
    Problem,
    Recipe,
    Schedule,
    Spec,
    Words,
    accuracy,
    sequence_accuracy,
    stream,
)

ALPHABET = "0123456789+ "
QUESTION, ANSWER = len("10+10+10"), len("30")
TERMS = np.stack(np.meshgrid(*[np.arange(1, 11)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
UNSEEN = 200


def classes(texts: list[str], width: int) -> Array:
    """Return texts, left-padded with spaces, as indices into ALPHABET (n, width)."""
    return np.array([[ALPHABET.index(char) for char in text.rjust(width)] for text in texts])


QUESTIONS = np.eye(len(ALPHABET), dtype=np.float32)[
    classes([f"{a}+{b}+{c}" for a, b, c in TERMS], QUESTION)
]  # (1000, 8, 12)
ANSWERS = classes([str(terms.sum()) for terms in TERMS], ANSWER)  # (1000, 2)


def draw(seed: int, sizes: Mapping[str, int]) -> Data:
    """Draw x (n, time=8, symbol=12), one-hot, and y (n, place=2), by part; see the top."""
    unseen, seen = np.split(stream(seed, "split").permutation(len(TERMS)), [UNSEEN])
    chosen = {part: stream(seed, part).choice(seen, n) for part, n in sizes.items()}
    chosen["unseen"] = unseen
    return {part: Part(QUESTIONS[which], ANSWERS[which]) for part, which in chosen.items()}


def solve(x: Array) -> Array:
    """Read the question, add, write: (n, 8, 12) -> one-hot logits (n, 2, 12)."""
    texts = map(read, x.argmax(-1))
    return write(classes([str(sum(map(int, text.split("+")))) for text in texts], ANSWER))


def read(indices: Array) -> str:
    """Return the text that indices into ALPHABET (characters,) stand for, without its padding."""
    return "".join(ALPHABET[i] for i in indices).strip()


def write(indices: Array) -> Array:
    """Return logits (..., 12) that say the characters with these indices (...)."""
    return np.eye(len(ALPHABET), dtype=np.float32)[indices]


LIKELIEST_SUM = ANSWERS[TERMS.sum(1) == 16][0]
LIKELIEST_CHARACTERS = np.array(
    [np.bincount(ANSWERS[:, place]).argmax() for place in range(ANSWER)]
)
SEQUENCE_BASELINE = float(np.mean(np.all(ANSWERS == LIKELIEST_SUM, axis=1)))
CHARACTER_BASELINE = float(np.mean(ANSWERS == LIKELIEST_CHARACTERS))

PICTURE = Picture(
    question=lambda x: Words(read(x.argmax(-1))),
    truth=lambda _, y: Words(read(y)),
    answer=lambda _, logits: Words(read(logits.argmax(-1))),
    metric="unseen_sequence_accuracy",
)

PROBLEM = Problem(
    name="addition",
    summary="read a+b+c, write the sum",
    input=Spec(
        axes="time=8 symbol=12",
        dtype="float32",
        low=0,
        high=1,
        meaning="a question such as ' 10+3+7', left-padded",
        unit="one-hot character",
    ),
    target=Spec(
        axes=f"place={ANSWER}",
        dtype="int64",
        low=0,
        high=11,
        meaning="the sum, left-padded",
        unit="class index of the character",
    ),
    output=Spec(
        axes=f"place={ANSWER} symbol=12",
        dtype="float32",
        low=-np.inf,
        high=np.inf,
        meaning="how likely each character is at each place",
        unit="logit",
    ),
    hidden={"encoding": 75, "unit": 50},
    widen=lambda unit: {"encoding": unit * 3 // 2, "unit": unit},
    layers={
        "encoder.last": "batch encoding",
        "decoder": "batch place unit",
        "dense": "batch place symbol",
    },
    recipe=Recipe(
        loss="cross_entropy",
        learning_rate=8e-3,
        schedule=Schedule("exponential", factor=0.5),
        batch_size=64,
        epochs=4,
        examples={"train": 50_000, "validation": 500, "test": 2_000},
    ),
    quick=Recipe(
        loss="cross_entropy",
        learning_rate=8e-3,
        schedule=Schedule("exponential", factor=0.5),
        batch_size=64,
        epochs=2,
        examples={"train": 12_800, "validation": 200, "test": 500},
    ),
    metrics=(
        Metric(
            name="sequence_accuracy",
            measure=sequence_accuracy,
            better="higher",
            target=0.99,
            baseline=SEQUENCE_BASELINE,
            trivial=write(LIKELIEST_SUM),
            best=1.0,
            margin=0.01,
            unit="fraction of sums wholly right",
        ),
        Metric(
            name="character_accuracy",
            measure=accuracy,
            better="higher",
            target=None,
            baseline=CHARACTER_BASELINE,
            trivial=write(LIKELIEST_CHARACTERS),
            best=1.0,
            margin=0.01,
            unit="fraction of characters",
        ),
        Metric(
            name="unseen_sequence_accuracy",
            measure=sequence_accuracy,
            better="higher",
            target=None,
            baseline=SEQUENCE_BASELINE,
            trivial=write(LIKELIEST_SUM),
            best=1.0,
            margin=0.02,
            unit="fraction of sums wholly right, questions never seen",
            part="unseen",
        ),
    ),
    draw=draw,
    reference=solve,
    picture=PICTURE,
)
