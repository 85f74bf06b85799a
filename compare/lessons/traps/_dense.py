"""A small network in both frameworks, for traps of what comes after it: a loss, an optimizer."""

PYTORCH = """
{imports}from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 5)
        self.out = nn.Linear(5, {units})

    def forward(self, x):
        return self.out(self.hidden(x).tanh())
"""
KERAS = """
import keras
from keras import layers{imports}


def make():
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(5, activation="tanh"), layers.Dense({units})]
    )
"""


def torch_program(more: str, units: int = 4) -> str:
    """Return the network of so many outputs in PyTorch, and more lines after it."""
    imports = "import torch\n" if "torch." in more else ""
    return PYTORCH.format(imports=imports, units=units) + more


def keras_program(more: str, units: int = 4) -> str:
    """Return the same in Keras."""
    uses_ops = " ops." in more or "(ops." in more
    return KERAS.format(imports=", ops" if uses_ops else "", units=units) + more
