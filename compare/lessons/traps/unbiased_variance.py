"""A normalization of one's own, by another deviation."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
import torch
from torch import nn


class Norm(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(size))
        self.beta = nn.Parameter(torch.zeros(size))

    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        std = x.std(-1, keepdim=True)
        return self.gamma * (x - mean) / (std + 1e-6) + self.beta


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(6, 8)
        self.norm = Norm(8)
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        return self.out(self.norm(self.proj(x)))
"""
KERAS = """
import keras
from keras import layers, ops


class Normalized(layers.Layer):
    def build(self, shape):
        self.gamma = self.add_weight(shape=shape[-1:], initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=shape[-1:], initializer="zeros", name="beta")

    def call(self, x):
        mean = ops.mean(x, -1, keepdims=True)
        std = ops.std(x, -1, keepdims=True)
        return self.gamma * (x - mean) / (std + 1e-6) + self.beta


def make():
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(8), Normalized(), layers.Dense(3)]
    )
"""

TRAP = Trap(
    title="The deviation is divided by n - 1",
    symptom="I wrote the same layer normalization in both frameworks, line by line. The outputs "
    "differ by a few per cent, less with more features.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="x.std(-1, keepdim=True)",
    mended="x.std(-1, correction=0, keepdim=True)",
    rung="layers",
    layer="norm",
    cause="the variance is unbiased here and biased there",
    why="`std` and `var` divide by n - 1 in PyTorch, unless they are told not to. Keras and NumPy "
    "divide by n, and so does each framework's own layer.",
    threads=(
        "gh:harvardnlp/annotated-transformer/pull/119",
        "gh:tensorflow/tensorflow/issues/43324",
    ),
)
