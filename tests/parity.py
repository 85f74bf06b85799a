"""A small problem with its twins, as text: what tests add to a copy of the project.

A twin is for PyTorch, for Keras, or for the toy of tests/toy, which has no recurrent layer.
"""

# What a problem says of a metric by which a constant answer is right half of the time.
ACCURACY = """    metrics=(
        Metric(
            name="accuracy",
            measure=binary_accuracy,
            better="higher",
            target=None,
            baseline=0.5,
            trivial=np.ones(1, np.float32),
            best=1.0,
            margin=0.01,
            unit="fraction",
        ),
    ),
"""
PARITY_PROBLEM = (
    '''
"""Parity: is the number of ones odd? A constant answer is right half of the time."""

import numpy as np

from problems import Metric, Part, Problem, Recipe, Spec, binary_accuracy, independent


def examples(rng, n):
    bits = rng.integers(2, size=(n, 3, 1))
    return Part(bits.astype(np.float32), (bits.sum(1) % 2).astype(np.float32))


def solve(x):
    return (x.sum(1) % 2) * 2 - 1


def bits(axes):
    return Spec(axes=axes, dtype="float32", low=0, high=1, meaning="bits", unit="0 or 1")


RECIPE = Recipe(
    loss="binary_cross_entropy",
    learning_rate=1e-2,
    batch_size=16,
    epochs=2,
    examples={"train": 100, "validation": 20, "test": 400},
)
PROBLEM = Problem(
    name="NAME",
    summary="tell whether the number of ones is odd",
    input=bits("time=3 feature=1"),
    target=bits("bit=1"),
    output=Spec(
        axes="bit=1", dtype="float32", low=-np.inf, high=np.inf, meaning="odd", unit="logit"
    ),
    hidden={"unit": 4},
    layers={"lstm.last": "batch unit", "dense": "batch bit"},
    recipe=RECIPE,
    quick=RECIPE,
'''
    + ACCURACY
    + """    draw=independent(examples),
    reference=solve,
)
"""
)

PARITY_PYTORCH = '''"""Parity in PyTorch; its twin is backends/keras/NAME.py."""

from torch import nn


class Parity(nn.Module):
    """Bits in, their parity out."""

    def __init__(self, features, units):
        super().__init__()
        self.lstm = nn.LSTM(features, units, batch_first=True)  # differs: default is time first
        self.dense = nn.Linear(units, 1)

    def forward(self, x):  # (n, t, 1)
        _, (x, _) = self.lstm(x)  # (1, n, 4)
        x = x[0]  # (n, 4)  only here: the state has an axis for layers and directions
        x = self.dense(x)  # (n, 1)
        return x


def build(problem):
    """Return the network."""
    return Parity(problem.sizes["feature"], problem.sizes["unit"])
'''

PARITY_KERAS = '''"""Parity in Keras; its twin is backends/pytorch/NAME.py."""

import keras
from keras import layers


class Parity(keras.Model):
    """Bits in, their parity out."""

    def __init__(self, units):
        super().__init__()
        self.lstm = layers.LSTM(units)
        self.dense = layers.Dense(1)

    def call(self, x):  # (n, t, 1)
        x = self.lstm(x)  # (n, 4)
        x = self.dense(x)  # (n, 1)
        return x


def build(problem):
    """Return the network."""
    return Parity(problem.sizes["unit"])
'''

PARITY_TOY_PROBLEM = PARITY_PROBLEM.replace('"lstm.last": "batch unit", ', "")

PARITY_TOY = '''"""Parity in NumPy."""


class Parity:
    """Bits in, their parity out, as far as a weighted sum can tell."""

    def __init__(self, inputs):
        self.weights = {"dense/kernel": (inputs, 1), "dense/bias": (1,)}

    def forward(self, x):  # (n, t, 1)
        x = x.reshape(len(x), -1)  # (n, t)
        x = x @ self.values["dense/kernel"] + self.values["dense/bias"]  # (n, 1)
        return x

    def layers(self, x):
        return {"dense": self.forward(x)}

    def backward(self, x, slope):
        return {"dense/kernel": x.reshape(len(x), -1).T @ slope, "dense/bias": slope.sum(0)}


def build(problem):
    """Return the network."""
    return Parity(problem.sizes["time"])
'''


def parity(name: str, *, pytorch: str | None = PARITY_PYTORCH, keras: str | None = PARITY_KERAS):
    """Return the files of a problem and its twins for the frameworks, by path; None is no file."""
    files = {"problems": PARITY_PROBLEM, "backends/pytorch": pytorch, "backends/keras": keras}
    return {
        f"{folder}/{name}.py": text.replace("NAME", name) for folder, text in files.items() if text
    }


def toy(name: str, *, numpy: str = PARITY_TOY, numpy2: str = PARITY_TOY):
    """Return the files of a problem and its twins for the backends in NumPy, by path."""
    files = {"problems": PARITY_TOY_PROBLEM, "backends/numpy": numpy, "backends/numpy2": numpy2}
    return {f"{folder}/{name}.py": text.replace("NAME", name) for folder, text in files.items()}
