"""Two definitions of a hard sigmoid."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 8)
        self.gate = nn.Hardsigmoid()
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        return self.out(self.gate(self.hidden(x)))
"""
KERAS = """
import keras
from keras import layers, ops


def hard_sigmoid(x):
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


def make():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8),
            layers.Activation(hard_sigmoid),
            layers.Dense(3),
        ]
    )
"""

TRAP = Trap(
    title="The hard sigmoid has another slope",
    symptom="A model of an old Keras was ported. Where the activation is near 0 or 1 all is well, "
    "and in between it is off by up to a tenth.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong="0.2 * x + 0.5",
    mended="x / 6 + 0.5",
    rung="layers",
    layer="gate",
    cause="hard_sigmoid here and hard_sigmoid of 0.2 x there",
    why="Keras had 0.2 x + 0.5 before version 3, and has x / 6 + 0.5 since, as PyTorch.",
    threads=("gh:AlexanderLutsenko/nobuco",),
    reports=(33,),
)
