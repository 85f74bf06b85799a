"""The second lesson: TimeDistributed and RepeatVector are missing."""

from compare.lessons._lesson import HOLDS, Every, Lesson, Pair, Panel, Rows, duration

TORCH = '''
import torch
from torch import nn


class OverTime(nn.Module):
    """A convolution of every image of a sequence: the time is folded into the batch."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)

    def forward(self, x):  # (n, t, 1, 16, 16)
        n, t = x.shape[:2]
        x = self.conv(x.flatten(0, 1))  # (n * t, 8, 14, 14)
        return x.unflatten(0, (n, t))  # (n, t, 8, 14, 14)


def repeated(x, times):  # (n, f) -> (n, times, f), as RepeatVector does
    return x.unsqueeze(1).expand(-1, times, -1)
'''

TORCH_MEASURED = """
network = OverTime()
x = torch.randn(4, 10, 1, 16, 16, generator=torch.Generator().manual_seed(0))
by_loop = torch.stack([network.conv(x[:, t]) for t in range(10)], dim=1)
figures["apart"] = float((network(x) - by_loop).detach().abs().max())
vector = torch.zeros(64, 32)
figures["repeated_bytes"] = repeated(vector, 50).untyped_storage().nbytes() - vector.nbytes
"""

KERAS = '''
import keras
from keras import layers, ops


def wrapped(t):
    """TimeDistributed computes step after step: the graph grows with the sequence."""
    x = keras.Input((t, 16, 16, 1))
    return keras.Model(x, layers.TimeDistributed(layers.Conv2D(8, 3))(x))


def folded(t):
    """The time is folded into the batch: one convolution, however long the sequence is."""
    x = keras.Input((t, 16, 16, 1))
    y = layers.Conv2D(8, 3)(ops.reshape(x, (-1, 16, 16, 1)))
    return keras.Model(x, ops.reshape(y, (-1, t, 14, 14, 8)))


repeated = layers.RepeatVector(50)
'''

KERAS_MEASURED = """
import numpy as np
import tensorflow as tf

rng = np.random.default_rng(0)
figures["lengths"] = {}
first = folded(2)  # TensorFlow starts at its first step, whatever that is of
first.compile("sgd", "mse")
first.train_on_batch(np.zeros((8, 2, 16, 16, 1)), np.zeros((8, 2, 14, 14, 8)))
for t in (10, 25, 50):
    rows = rng.standard_normal((8, t, 16, 16, 1), dtype="float32")
    goal = np.zeros((8, t, 14, 14, 8), "float32")
    pair = {"wrapped": wrapped(t), "folded": folded(t)}
    pair["folded"].set_weights(pair["wrapped"].get_weights())
    answers = [network(rows).numpy() for network in pair.values()]
    found = {"apart": float(np.abs(answers[0] - answers[1]).max())}
    for name, network in pair.items():
        traced = tf.function(network).get_concrete_function(tf.TensorSpec(rows.shape))
        network.compile("sgd", "mse")
        found[name] = {
            "operations": len(traced.graph.get_operations()),
            "first_step_s": once(lambda: network.train_on_batch(rows, goal)),
            "step_s": seconds(lambda: network.train_on_batch(rows, goal)),
        }
    figures["lengths"][str(t)] = found
"""


KINDS = {"wrapped": "TimeDistributed", "folded": "folded into the batch"}


def table(figures: Every) -> Rows:
    """Return how the graph and the steps grow with the sequence."""
    return [
        ["Keras", "times", "operations", "first training step", "later steps"],
        *(
            [
                kind,
                steps,
                str(one[name]["operations"]),
                duration(one[name]["first_step_s"]),
                duration(one[name]["step_s"]),
            ]
            for name, kind in KINDS.items()
            for steps, one in figures["keras-tensorflow"]["lengths"].items()
        ),
    ]


def reading(figures: Every) -> str:
    """Say how far the ways are apart, and what a repeated vector takes."""
    torch, lengths = figures["pytorch"], figures["keras-tensorflow"]["lengths"]
    apart = max(one["apart"] for one in lengths.values())
    last, longest = list(lengths.items())[-1]
    slower = longest["wrapped"]["first_step_s"] / longest["folded"]["first_step_s"]
    later = longest["wrapped"]["step_s"] / longest["folded"]["step_s"]
    return (
        "The graph of TimeDistributed grows with the sequence, that of the folded convolution does "
        f"not. At {last} steps of time, the first training step of TimeDistributed takes "
        f"{slower:.1f} times as long, later ones {later:.1f} times. In Keras, both give the same "
        f"numbers (largest difference: {apart:.1e}). In PyTorch, folding and a loop over time give "
        f"the same numbers (largest difference: {torch['apart']:g}). `unsqueeze` and `expand` "
        f"take {torch['repeated_bytes']} bytes for 50 copies of a vector. All copies are one "
        "memory, so do not write into them. (Lesson 7 tells of the order of channels.)"
    )


def figure(figures: Every) -> str:
    """Return the growth of the graph."""
    lengths = list(figures["keras-tensorflow"]["lengths"].values())
    shortest, longest = (
        lengths[at]["wrapped"]["operations"] / lengths[at]["folded"]["operations"] for at in (0, -1)
    )
    times = list(figures["keras-tensorflow"]["lengths"])
    return (
        f"The graph of TimeDistributed is {shortest:.0f} times as large as that of folding at "
        f"{times[0]} steps, {longest:.0f} times at {times[-1]}"
    )


LESSON = Lesson(
    number=2,
    name="time_distributed",
    title="TimeDistributed and RepeatVector are missing",
    claim="PyTorch has no layer that applies another layer to every step of time, and none that "
    "repeats a vector.",
    now="This is still so, and no such layer is needed. A linear layer works on the last axis as "
    "it is. For other layers, fold the time into the batch. To repeat a vector, use `unsqueeze` "
    "and `expand`. In Keras 3, TimeDistributed is a Python loop over the steps, if their number is "
    "known.",
    verdict=HOLDS,
    panels={
        "pytorch": Panel(shown=TORCH, measured=TORCH_MEASURED),
        "keras-tensorflow": Panel(shown=KERAS, measured=KERAS_MEASURED),
    },
    pairs=(
        Pair(
            "layers.TimeDistributed(layers.Conv2D(8, 3))(x)",
            "x = self.conv(x.flatten(0, 1))  # (n * t, 8, 14, 14)\n"
            "return x.unflatten(0, (n, t))  # (n, t, 8, 14, 14)",
            "PyTorch has no such layer: fold the time into the batch",
        ),
        Pair(
            "repeated = layers.RepeatVector(50)",
            "return x.unsqueeze(1).expand(-1, times, -1)",
            "PyTorch has no such layer; `expand` copies nothing",
        ),
    ),
    table=table,
    reading=reading,
    figure=figure,
    sources=(
        "pytorch/pytorch issue 1927, open since 2017",
        "keras/src/layers/rnn/time_distributed.py; keras-team/keras issues 21179, 21208",
    ),
    seen=(
        "backends/pytorch/moving_square.py",
        "backends/keras/moving_square.py",
        "backends/pytorch/addition.py",
    ),
    effects=dict.fromkeys(
        ("repeats", "no such layer"),
        lambda figures: (
            f"Bytes that `expand` takes for 50 copies: {figures['pytorch']['repeated_bytes']}"
        ),
    ),
)
