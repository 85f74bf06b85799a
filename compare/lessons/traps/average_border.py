"""An average that counts its border."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.pool = nn.AvgPool2d(3, stride=1, padding=1)
        self.out = nn.Linear(4, 5)

    def forward(self, x):
        x = self.pool(self.conv(x).relu())
        return self.out(x.mean((2, 3)))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.AveragePooling2D(3, strides=1, padding="same"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5),
        ]
    )
"""

TRAP = Trap(
    title="Average pooling counts the zeros of its border",
    symptom="The feature maps agree inside. Along the edges, those of one framework are darker.",
    input="height=8 width=8 channel=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="padding=1)",
    mended="padding=1, count_include_pad=False)",
    rung="layers",
    layer="pool",
    cause="the mean with its padding here and the mean without its padding there",
    why="PyTorch divides by the size of the window, with the zeros around the picture. Keras "
    "divides by the number of pixels that are in it.",
    threads=("gh:keras-team/keras/pull/23233",),
    reports=(49,),
)
