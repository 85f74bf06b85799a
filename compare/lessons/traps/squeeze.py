"""An output without its last axis."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 8)
        self.out = nn.Linear(8, 1)

    def forward(self, x):
        return self.out(self.hidden(x).tanh()).squeeze(-1)
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="tanh"),
            layers.Dense(1),
        ]
    )
"""

TRAP = Trap(
    title="The output has lost its last axis",
    symptom="The regression in PyTorch learns only the mean of the targets, with a warning about "
    "sizes that we had silenced. Keras learns well.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong=".squeeze(-1)",
    mended="",
    rung="shapes",
    layer="out",
    cause="PyTorch has (2,), Keras (2, 1)",
    why="Where outputs (n,) meet targets (n, 1), PyTorch subtracts each from each. Keras "
    "takes away or adds the axis itself.",
    threads=("disc:160720",),
    reports=(5,),
)
