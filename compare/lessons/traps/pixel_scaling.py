"""Pixels that are scaled to another range."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.conv(x / 255).relu()
        return self.head(x.mean((2, 3)))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(4, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )
"""

TRAP = Trap(
    title="Pixels are scaled to another range",
    symptom="Someone copied the weights of a network trained elsewhere. It works, but top-1 is "
    "several points below what was published.",
    input="height=8 width=8 channel=3; 0.0..255.0",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="x / 255",
    mended="x / 127.5 - 1",
    rung="layers",
    layer="conv",
    cause="it is 0.00392157 x +0 here and 0.00784314 x -1 there",
    why="There are three customs: 0 to 1, -1 to 1, and channel means taken away. Weights fit "
    "the one that they were trained with.",
    threads=("gh:cgnorthcutt/benchmarking-keras-pytorch/pull/5", "gh:keras-team/keras/issues/8916"),
    reports=(41,),
)
