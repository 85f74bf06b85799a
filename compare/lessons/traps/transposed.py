"""A transposed convolution that is cropped on the other side."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Up(nn.ConvTranspose2d):
    def __init__(self, channels, filters):
        super().__init__(channels, filters, 3, stride=2, padding=1, output_padding=1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2)
        self.up = Up(4, 3)
        self.out = nn.Linear(3, 2)

    def forward(self, x):
        x = self.up(self.conv(x).relu()).relu()
        return self.out(x.mean((2, 3)))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, strides=2, activation="relu"),
            layers.Conv2DTranspose(3, 3, strides=2, padding="same", activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )
"""

TRAP = Trap(
    title="A transposed convolution is cropped on another side",
    symptom="The decoder's outputs have the same shape in both frameworks. One picture is the "
    "other one, moved by a pixel down and to the right.",
    input="height=8 width=8 channel=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="super().__init__(channels, filters, 3, stride=2, padding=1, output_padding=1)",
    mended="""super().__init__(channels, filters, 3, stride=2)

    def forward(self, x):
        return super().forward(x)[..., :-1, :-1]""",
    rung="layers",
    layer="up",
    cause="axes 1, 2 each have 1 more padding before it there",
    why="With stride 2 and a kernel of 3, one row and one column are too many. Keras cuts them "
    "off at the end, padding=1 at the beginning.",
    threads=(
        "gh:keras-team/keras-core/issues/774",
        "gh:keras-team/keras/pull/22876",
        "gh:Samsung/TICO/issues/420",
    ),
    reports=(43,),
)
