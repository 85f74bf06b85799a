"""Normalization of volumes with another epsilon."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv3d(1, 3, 2)
        self.norm = nn.BatchNorm3d(3, momentum=0.01)
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        x = self.norm(self.conv(x)).relu()
        return self.head(x.mean((2, 3, 4)))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((4, 4, 4, 1)),
            layers.Conv3D(3, 2),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalAveragePooling3D(),
            layers.Dense(2),
        ]
    )
"""

TRAP = Trap(
    title="The normalization of volumes has another epsilon",
    symptom="A network for scans of three dimensions gets clearly worse in PyTorch than the Keras"
    " one it was ported from, with the same layers in the same order.",
    input="depth=4 height=4 width=4 channel=1",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="nn.BatchNorm3d(3, momentum=0.01)",
    mended="nn.BatchNorm3d(3, eps=1e-3, momentum=0.01)",
    rung="layers",
    layer="norm",
    cause="epsilon is 1e-05 here and 0.001 there",
    why="The defaults differ in three dimensions as they do in two: 1e-5 in PyTorch, 1e-3 in "
    "Keras.",
    threads=("disc:183856",),
    reports=(62,),
)
