"""A GRU by hand with its gates in another order."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
import torch
from torch import nn


class Gru(nn.Module):
    def __init__(self, features, units):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(features, 3 * units))
        self.recurrent_kernel = nn.Parameter(torch.randn(units, 3 * units))
        self.bias = nn.Parameter(torch.zeros(3 * units))

    def forward(self, x):
        h = x.new_zeros(len(x), len(self.recurrent_kernel))
        for step in x.unbind(1):
            own = (h @ self.recurrent_kernel).chunk(3, -1)
            given = (step @ self.kernel + self.bias).chunk(3, -1)
            r, z = ((given[i] + own[i]).sigmoid() for i in (0, 1))
            h = z * h + (1 - z) * (given[2] + r * own[2]).tanh()
        return h


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.reader = Gru(3, 4)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.reader(x))
"""
KERAS = """
import keras
from keras import layers, ops


class Recurrent(layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 3 * self.units), name="kernel")
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, 3 * self.units), name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=(3 * self.units,), name="bias")

    def call(self, x):
        h = ops.zeros_like(x[:, 0, :1] * self.bias[: self.units])
        for i in range(x.shape[1]):
            own = ops.split(h @ self.recurrent_kernel, 3, axis=-1)
            given = ops.split(x[:, i] @ self.kernel + self.bias, 3, axis=-1)
            z, r = (ops.sigmoid(given[j] + own[j]) for j in (0, 1))
            h = z * h + (1 - z) * ops.tanh(given[2] + r * own[2])
        return h


def make():
    return keras.Sequential([keras.Input((6, 3)), Recurrent(4), layers.Dense(2)])
"""

TRAP = Trap(
    title="The gates of a GRU are in another order",
    symptom="We wrote the GRU ourselves to be sure of each formula, and loaded the matrices of "
    "Keras. All shapes fit. The predictions have nothing to do with those of the "
    "original.",
    input="time=6 feature=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="r, z = (",
    mended="z, r = (",
    rung="layers",
    layer="reader",
    cause="gates in the order r, z, h here, z, r, h there",
    why="Keras stacks the gates update, reset, candidate. PyTorch stacks reset, update, "
    "candidate. Blocks of the same size can be swapped without an error.",
    threads=("gh:keras-team/keras/issues/15915", "disc:6630"),
    reports=(19,),
)
