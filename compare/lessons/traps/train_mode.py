"""A normalization that never leaves its training mode."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4, eps=1e-3, momentum=0.01, track_running_stats=False)
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
    title="Batch normalization by the batch, and by averages",
    symptom="I call batch normalization on a tensor of ones. One framework gives back ones, the "
    "other one zeros. An image gets another answer with other images beside it.",
    input="height=8 width=8 channel=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong=", track_running_stats=False",
    mended="",
    rung="layers",
    layer="norm",
    cause="a normalization of the batch here and a normalization by averages there",
    why="Outside of training, both are meant to use the running averages. Without any, PyTorch "
    "takes mean and variance from the batch at hand, always.",
    threads=("https://codepudding.com/Softwaredesign/126378.html",),
    reports=(4,),
)
