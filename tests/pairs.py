"""Small twins that together have every kind of layer that the tables of weights know.

They are few, for what Keras on TensorFlow takes its time for is tracing a network, not its steps.
"""

from typing import NamedTuple

from parity import PARITY_PROBLEM


class Pair(NamedTuple):
    """What makes the layers, and what uses them on x (n, 6, 4), in PyTorch and in Keras."""

    torch_layers: str
    torch_steps: str
    keras_layers: str
    keras_steps: str
    width: int  # of what the steps leave, (n, width)
    shapes: str  # of named layers, as in Problem.layers


PAIRS = {
    "convolutions": Pair(
        "self.conv2d = nn.Conv2d(1, 2, 2)\n"
        "self.conv1d = nn.Conv1d(6, 5, 2)\n"
        "self.norm = nn.BatchNorm1d(5, eps=1e-3, momentum=0.01)",
        "x = self.conv2d(x.unsqueeze(1))\n"
        "x = x.permute(0, 2, 3, 1)\n"
        "x = x.flatten(1).unflatten(1, (5, 6))\n"
        "x = self.conv1d(x.movedim(1, 2)).tanh().mean(2)\n"
        "x = self.norm(x)",
        "self.conv2d = layers.Conv2D(2, 2)\n"
        "self.conv1d = layers.Conv1D(5, 2)\n"
        "self.norm = layers.BatchNormalization()",
        "x = self.conv2d(x[..., None])\n"
        "x = ops.reshape(x, (-1, 5, 6))\n"
        "x = ops.mean(ops.tanh(self.conv1d(x)), axis=1)\n"
        "x = self.norm(x, training=training)",
        5,
        '"conv2d": "batch height=5 width=3 channel=2", "conv1d": "batch step=4 filter=5", '
        '"norm": "batch filter=5", "dense": "batch bit"',
    ),
    "symbols": Pair(
        "self.embedding = nn.Embedding(2, 5)\n"
        "inner = nn.Sequential(nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 5))\n"
        "self.nested = nn.ModuleList([nn.Linear(5, 5), inner])\n"
        "self.rnn = nn.RNN(5, 5, batch_first=True)\n"
        "self.gru = nn.GRU(5, 5, batch_first=True)\n"
        "self.norm = nn.LayerNorm(5, eps=1e-3)",
        "x = self.embedding(x.long()).mean(2)\n"
        "x = self.nested[1](self.nested[0](x))\n"
        "x, _ = self.rnn(x)\n"
        "_, x = self.gru(x)\n"
        "x = self.norm(x[0])",
        "self.embedding = layers.Embedding(2, 5)\n"
        'inner = [layers.Dense(5), layers.Activation("tanh"), layers.Dense(5)]\n'
        "self.nested = [layers.TimeDistributed(layers.Dense(5)), keras.Sequential(inner)]\n"
        "self.rnn = layers.SimpleRNN(5, return_sequences=True)\n"
        "self.gru = layers.GRU(5)\n"
        "self.norm = layers.LayerNormalization()",
        'x = ops.mean(self.embedding(ops.cast(x, "int32")), axis=2)\n'
        "x = self.nested[1](self.nested[0](x))\n"
        "x = self.rnn(x)\n"
        "x = self.gru(x)\n"
        "x = self.norm(x)",
        5,
        '"rnn": "batch time state=5", "gru.last": "batch state=5", "norm": "batch state=5", '
        '"dense": "batch bit"',
    ),
    "directions": Pair(
        "self.rnn = nn.RNN(4, 5, batch_first=True, bidirectional=True)\n"
        "self.lstm = nn.LSTM(10, 5, batch_first=True, bidirectional=True)",
        "x, _ = self.rnn(x)\n"
        "before = x\n"
        "_, (x, _) = self.lstm(x)\n"
        "x = torch.cat(tuple(x), dim=-1)",
        "self.rnn = layers.Bidirectional(layers.SimpleRNN(5, return_sequences=True))\n"
        "self.lstm = layers.Bidirectional(layers.LSTM(5))",
        "x = self.rnn(x)\n"
        "x = self.lstm(x)",
        10,
        '"rnn": "batch time state=10", "lstm.last": "batch state=10", "dense": "batch bit"',
    ),
    "stacks": Pair(
        "self.lstms = nn.LSTM(4, 5, num_layers=2, batch_first=True)\n"
        "self.grus = nn.GRU(5, 5, num_layers=2, batch_first=True, bidirectional=True)",
        "x, _ = self.lstms(x)\n"
        "x, _ = self.grus(x)\n"
        "x = x.mean(1)",
        "self.lstms = [layers.LSTM(5, return_sequences=True) for _ in range(2)]\n"
        "gru = lambda: layers.GRU(5, return_sequences=True)\n"
        "self.grus = [layers.Bidirectional(gru()), layers.Bidirectional(gru())]",
        "x = self.lstms[1](self.lstms[0](x))\n"
        "x = self.grus[1](self.grus[0](x))\n"
        "x = ops.mean(x, axis=1)",
        10,
        '"dense": "batch bit"',
    ),
}  # fmt: skip

TORCH = """import torch
from torch import nn


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        {layers}
        self.dense = nn.Linear({width}, 1)

    def forward(self, x):
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


def files(name: str, steps: int = 100) -> dict[str, str]:
    """Return the three files of a pair, by path; its proof takes so many steps."""
    pair = PAIRS[name]
    problem = (
        PARITY_PROBLEM.replace("NAME", name)
        .replace("size=(n, 3, 1)", "size=(n, 6, 4)")
        .replace("bits.sum(1) % 2", "bits.sum((1, 2))[:, None] % 2")
        .replace("time=3 feature=1", "time=6 feature=4")
        .replace('"lstm.last": "batch unit"', pair.shapes)
        .replace("reference=solve,\n", f"reference=solve,\n    proof=Proof(steps={steps}),\n")
        .replace("Problem, Recipe,", "Problem, Proof, Recipe,")
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
