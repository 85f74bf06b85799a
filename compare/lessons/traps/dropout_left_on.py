"""Dropout that is never turned off."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 8)
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        x = self.hidden(x).relu()
        return self.out(F.dropout(x, 0.5))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(3),
        ]
    )
"""

TRAP = Trap(
    title="Dropout is never turned off",
    symptom="After model.eval(), the network gives another answer each time it is asked the same. "
    "The test score is below that of the Keras model.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="F.dropout(x, 0.5)",
    mended="F.dropout(x, 0.5, training=self.training)",
    rung="layers",
    layer="out",
    cause="dropout with rate 0.5 is on here",
    why="The function does not know of eval(): it drops unless it is told not to. The layer "
    "nn.Dropout knows.",
    threads=("gh:Coderx7/SimpleNet/issues/2", "gh:pytorch/pytorch/issues/26338"),
)
