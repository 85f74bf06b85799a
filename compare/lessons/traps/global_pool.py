"""The largest in place of the mean."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.out = nn.Linear(4, 5)

    def forward(self, x):
        x = self.conv(x).relu()
        return self.out(x.amax((2, 3)))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5),
        ]
    )
"""

TRAP = Trap(
    title="Global max pooling in place of the average",
    symptom="The tutorial has the same network for three frameworks. One of them trains to "
    "another accuracy, and nobody sees why: all shapes and all weights agree.",
    input="height=8 width=8 channel=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="x.amax((2, 3))",
    mended="x.mean((2, 3))",
    rung="layers",
    layer="out",
    cause="the largest of relu here and the mean over space or time of relu there",
    why="Both make one number of each channel. A pooling has no weights, so nothing else shows it.",
    threads=("gh:d2l-ai/d2l-en/pull/2016", "gh:d2l-ai/d2l-en/pull/1571"),
)
