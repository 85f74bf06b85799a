"""Colors in the other order."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.conv(x.flip(1)).relu()
        return self.head(x.mean((2, 3)))
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
            layers.Dense(3),
        ]
    )
"""

TRAP = Trap(
    title="Colors are in the other order",
    symptom="Weights from one project, images from another: all runs, and boxes are found, but "
    "fewer of them than in the original.",
    input="height=8 width=8 channel=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="x.flip(1)",
    mended="x",
    rung="layers",
    layer="conv",
    cause="axis 3 is the other way round",
    why="OpenCV and Caffe have blue first, all others red. Nothing breaks where the order is "
    "wrong.",
    threads=("gh:amdegroot/ssd.pytorch/issues/44",),
)
