"""Small twins, a pair for every kind of layer that the tables of weights know."""

from typing import NamedTuple

from parity import PARITY_PROBLEM


class Pair(NamedTuple):
    """What makes the layers, and what uses them on x (n, 6, 4), in PyTorch and in Keras."""

    torch_layers: str
    torch_steps: str
    keras_layers: str
    keras_steps: str
    width: int  # of what the steps leave, (n, width)
    shapes: str = ""  # of named layers, as in Problem.layers


def recurrent(kind: str, *, both: bool) -> Pair:
    """Return a pair around one recurrent layer, whose last output counts."""
    name = {"SimpleRNN": "RNN"}.get(kind, kind)
    state = "_, (x, _)" if kind == "LSTM" else "_, x"
    own = f"layers.{kind}(5)"
    return Pair(
        f"self.body = nn.{name}(4, 5, batch_first=True, bidirectional={both})",
        f"{state} = self.body(x)\nx = torch.cat(tuple(x), dim=-1)",
        f"self.body = layers.Bidirectional({own})" if both else f"self.body = {own}",
        "x = self.body(x)",
        10 if both else 5,
        f'"body.last": "batch state={10 if both else 5}"',
    )


PAIRS = {
    "conv1d": Pair(
        "self.body = nn.Conv1d(4, 5, 2)",
        "x = self.body(x.movedim(1, 2)).mean(2)",
        "self.body = layers.Conv1D(5, 2)",
        "x = ops.mean(self.body(x), axis=1)",
        5,
        '"body": "batch step=5 state=5"',
    ),
    "conv2d": Pair(
        "self.conv = nn.Conv2d(1, 2, 2)",
        "x = self.conv(x.unsqueeze(1))\nx = x.permute(0, 2, 3, 1)\nx = x.flatten(1)",
        "self.conv = layers.Conv2D(2, 2)",
        "x = self.conv(x[..., None])\nx = ops.reshape(x, (-1, 30))",
        30,
        '"conv": "batch height=5 width=3 channel=2"',
    ),
    "embedding": Pair(
        "self.body = nn.Embedding(2, 5)",
        "x = self.body(x.long()).mean((1, 2))",
        "self.body = layers.Embedding(2, 5)",
        'x = ops.mean(self.body(ops.cast(x, "int32")), axis=(1, 2))',
        5,
    ),
    **{kind.lower(): recurrent(kind, both=False) for kind in ("LSTM", "GRU", "SimpleRNN")},
    **{f"both_{kind.lower()}": recurrent(kind, both=True) for kind in ("LSTM", "GRU", "SimpleRNN")},
    "batchnorm": Pair(
        "self.norm = nn.BatchNorm1d(4, eps=1e-3, momentum=0.01)",
        "x = self.norm(x[:, 0] + 2 * x[:, 1])",
        "self.norm = layers.BatchNormalization()",
        "x = self.norm(x[:, 0] + 2 * x[:, 1])",
        4,
        '"norm": "batch feature"',
    ),
    "layernorm": Pair(
        "self.norm = nn.LayerNorm(4, eps=1e-3)",
        "x = self.norm(x).mean(1)",
        "self.norm = layers.LayerNormalization()",
        "x = ops.mean(self.norm(x), axis=1)",
        4,
    ),
    "stacked": Pair(
        "self.body = nn.LSTM(4, 5, num_layers=2, batch_first=True)",
        "x = self.body(x)[0][:, -1]",
        "self.body = [layers.LSTM(5, return_sequences=True) for _ in range(2)]",
        "x = self.body[1](self.body[0](x))[:, -1]",
        5,
    ),
    "stacked_both": Pair(
        "self.body = nn.GRU(4, 5, num_layers=2, batch_first=True, bidirectional=True)",
        "x = self.body(x)[0].mean(1)",
        "gru = lambda: layers.GRU(5, return_sequences=True)\n"
        "self.body = [layers.Bidirectional(gru()), layers.Bidirectional(gru())]",
        "x = ops.mean(self.body[1](self.body[0](x)), axis=1)",
        10,
    ),
    "nested": Pair(
        "inner = nn.Sequential(nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 5))\n"
        "self.body = nn.ModuleList([nn.Linear(4, 5), inner])",
        "x = self.body[1](self.body[0](x)).mean(1)",
        'inner = [layers.Dense(5), layers.Activation("tanh"), layers.Dense(5)]\n'
        "self.body = [layers.TimeDistributed(layers.Dense(5)), keras.Sequential(inner)]",
        "x = ops.mean(self.body[1](self.body[0](x)), axis=1)",
        5,
    ),
}

TORCH = """import torch
from torch import nn


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        {layers}
        self.dense = nn.Linear({width}, 1)

    def forward(self, x):
        before = x
        {steps}
        return self.dense(x)


def build(problem):
    return Pair()
"""
KERAS = """import keras
from keras import layers, ops


class Pair(keras.Model):
    def __init__(self):
        super().__init__()
        {layers}
        self.dense = layers.Dense(1)

    def call(self, x, training=False):
        {steps}
        return self.dense(x)


def build(problem):
    return Pair()
"""


def files(name: str) -> dict[str, str]:
    """Return the three files of a pair, by path."""
    pair = PAIRS[name]
    problem = (
        PARITY_PROBLEM.replace("NAME", name)
        .replace("size=(n, 3, 1)", "size=(n, 6, 4)")
        .replace("bits.sum(1) % 2", "bits.sum((1, 2))[:, None] % 2")
        .replace("time=3 feature=1", "time=6 feature=4")
        .replace('"lstm.last": "batch unit"', pair.shapes or '"dense": "batch bit"')
    )
    twins = {
        "pytorch": (TORCH, pair.torch_layers, pair.torch_steps),
        "keras": (KERAS, pair.keras_layers, pair.keras_steps),
    }
    found = {f"problems/{name}.py": problem}
    for folder, (text, layers, steps) in twins.items():
        indented = {"layers": layers, "steps": steps}
        indented = {key: value.replace("\n", "\n        ") for key, value in indented.items()}
        found[f"backends/{folder}/{name}.py"] = text.format(width=pair.width, **indented)
    return found
