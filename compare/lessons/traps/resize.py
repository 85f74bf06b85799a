"""An image that is made smaller with smoothing on one side."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 1)
        self.conv = nn.Conv2d(4, 4, 3)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.stem(x)
        x = F.interpolate(x, (4, 4), mode="bilinear", antialias=True)
        return self.head(self.conv(x).mean((2, 3)))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 1),
            layers.Resizing(4, 4),
            layers.Conv2D(4, 3),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )
"""

TRAP = Trap(
    title="An image is smoothed on one side when it is made smaller",
    symptom="The network is the same and so are the weights, yet the classes on photographs "
    "differ by a few percent. On images that have the right size already, all is well.",
    input="height=8 width=8 channel=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong=", antialias=True",
    mended="",
    rung="layers",
    layer="conv",
    cause="the size is changed bilinearly and smoothed (antialias) here and bilinearly there",
    why="PIL, and PyTorch with antialias, average over all pixels that one new pixel covers. "
    "Keras takes the nearest four, unless it is given antialias=True.",
    threads=("gh:mlcommons/inference/issues/201",),
    reports=(40,),
)
