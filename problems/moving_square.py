"""Moving square: watch a line grow across 50 frames, say whether it runs to the right.

A square of one pixel starts at a random row of the left or the right edge, moves one column per
frame, its row changing by -1, 0 or 1 (clipped to the picture), and leaves its trace behind. The
pixels of a video stay bytes, 125 kB, and become floats one batch at a time.

Baseline: both directions are equally likely, so a constant answer is right half of the time.
"""

import numpy as np

from problems import (
    Array,
    Frames,
    Metric,
    Part,
    Picture,
    Problem,
    Proof,
    Recipe,
    Schedule,
    Spec,
    Words,
    binary_accuracy,
    independent,
)

SIDE = 50  # frames, rows and columns


def examples(rng: np.random.Generator, n: int) -> Part:
    """Draw x (n, time=50, height=50, width=50, channel=1) of 0/1 bytes and y (n, 1), 1 = right."""
    rows = np.empty((n, SIDE), dtype=np.int64)
    rows[:, 0] = rng.integers(SIDE, size=n)
    moves = rng.integers(-1, 2, size=(n, SIDE))
    for column in range(1, SIDE):
        rows[:, column] = np.clip(rows[:, column - 1] + moves[:, column], 0, SIDE - 1)
    line = rows[:, None, :] == np.arange(SIDE)[:, None]  # (n, height, width), the whole trace
    so_far = np.tri(SIDE, dtype=bool)  # (time, width), columns visited by each frame
    videos = line[:, None] & so_far[:, None, :]  # (n, time, height, width)
    right = rng.random(n) < 0.5
    videos[~right] = videos[~right, :, :, ::-1]
    return Part(videos.view(np.uint8)[..., None], right.astype(np.float32)[:, None])


def solve(x: Array) -> Array:
    """Look at the left edge of the first frame: (n, 50, 50, 50, 1) -> logits (n, 1)."""
    return np.where(x[:, 0, :, 0].any(axis=1), np.float32(1), np.float32(-1))


def video(x: Array) -> Frames:
    """Return the first, a middle and the last frame of a video x (50, 50, 50, 1)."""
    shown = np.linspace(0, SIDE - 1, 3).round().astype(int)
    return Frames(x[shown, :, :, 0], tuple(f"frame {frame + 1}" for frame in shown))


def direction(likely: float) -> Words:
    """Return in words which way a line runs that runs to the right with a probability of 0 to 1."""
    way, sure = ("right", likely) if likely > 0.5 else ("left", 1 - likely)
    return Words(f"{way}, {sure:.1%}")


PICTURE = Picture(
    question=video,
    truth=lambda _, y: Words("right" if y[0] else "left"),
    answer=lambda _, logit: direction(1 / (1 + np.exp(-float(logit[0])))),
)

PROBLEM = Problem(
    name="moving_square",
    summary="tell which way a growing line runs in a video",
    input=Spec(
        axes="time=50 height=50 width=50 channel=1",
        dtype="uint8",
        low=0,
        high=1,
        meaning="a video of a growing line",
        unit="0 background, 1 line",
    ),
    target=Spec(
        axes="direction=1",
        dtype="float32",
        low=0,
        high=1,
        meaning="1 if the line runs to the right",
        unit="0 or 1",
    ),
    output=Spec(
        axes="direction=1",
        dtype="float32",
        low=-np.inf,
        high=np.inf,
        meaning="how likely the line runs to the right",
        unit="logit",
    ),
    hidden={"filter": 2, "unit": 50},
    widen=lambda unit: {"filter": 2, "unit": unit},
    layers={
        "conv": "batch*time height=49 width=49 filter",
        "relu": "batch*time height=49 width=49 filter",
        "pool": "batch*time height=24 width=24 filter",
        "lstm.last": "batch unit",
        "dense": "batch direction",
    },
    recipe=Recipe(
        loss="binary_cross_entropy",
        learning_rate=1e-3,
        schedule=Schedule("exponential", factor=0.55),
        batch_size=16,
        epochs=4,
        examples={"train": 1_400, "validation": 100, "test": 1_000},
    ),
    quick=Recipe(
        loss="binary_cross_entropy",
        learning_rate=1e-3,
        schedule=Schedule("exponential", factor=0.5),
        batch_size=16,
        epochs=2,
        examples={"train": 320, "validation": 64, "test": 200},
    ),
    metrics=(
        Metric(
            name="accuracy",
            measure=binary_accuracy,
            better="higher",
            target=0.99,
            baseline=0.5,
            trivial=np.ones(1, np.float32),
            best=1.0,
            margin=0.01,
            unit="fraction of videos",
        ),
    ),
    draw=independent(examples),
    proof=Proof(steps=48, batch_size=4, held_out=12),  # 200 steps of 16 videos take minutes
    reference=solve,
    picture=PICTURE,
)
