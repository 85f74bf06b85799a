"""A bias on one side only."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, bias=False)
        self.norm = nn.BatchNorm2d(4, eps=1e-3, momentum=0.01)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.norm(self.conv(x)).relu()
        return self.head(x.mean((2, 3)))
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
            layers.Dense(3),
        ]
    )
"""

TRAP = Trap(
    title="A bias is on one side only",
    symptom="The counts of parameters differ a little: by the number of channels of each "
    "convolution.",
    input="height=8 width=8 channel=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong="layers.Conv2D(4, 3)",
    mended="layers.Conv2D(4, 3, use_bias=False)",
    rung="parameters",
    layer="conv",
    cause="bias is False in PyTorch, True in Keras",
    why="Residual networks in PyTorch have no bias before a normalization. Ports to Keras "
    "often keep the default, which has one.",
    threads=("gh:keras-team/keras/pull/16363",),
)
