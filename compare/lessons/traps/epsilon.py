"""A normalization with another epsilon."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4, momentum=0.01)
        self.out = nn.Linear(4, 5)

    def forward(self, x):
        x = self.norm(self.conv(x)).relu()
        return self.out(x.mean((2, 3)))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5),
        ]
    )
"""

TRAP = Trap(
    title="Batch normalization has another epsilon",
    symptom="Weights were copied from Keras. Outputs are off by 1e-3 after the first BatchNorm, "
    "and by more with each block.",
    input="height=8 width=8 channel=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="nn.BatchNorm2d(4, momentum=0.01)",
    mended="nn.BatchNorm2d(4, eps=1e-3, momentum=0.01)",
    rung="layers",
    layer="norm",
    cause="epsilon is 1e-05 here and 0.001 there",
    why="Keras adds 1e-3 to the variance, PyTorch 1e-5. Where a variance is small, this counts.",
    threads=("gh:gzuidhof/nn-transfer/pull/3",),
    reports=(2,),
)
