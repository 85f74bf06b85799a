"""A ReLU that ends at 6."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.act = nn.ReLU6()
        self.out = nn.Linear(4, 5)

    def forward(self, x):
        x = self.act(self.conv(x))
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
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5),
        ]
    )
"""

TRAP = Trap(
    title="ReLU in place of ReLU6",
    symptom="A port of MobileNet agrees with the original on my first test images. On bright "
    "ones it is far off.",
    input="height=8 width=8 channel=3; 0.0..64.0",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong="layers.ReLU()",
    mended="layers.ReLU(max_value=6.0)",
    rung="layers",
    layer="out",
    cause="of relu6 here and the mean over space or time of relu there",
    why="MobileNet cuts its activations off at 6. Small inputs never come there, so a first test "
    "does not see it.",
    threads=("gh:tonylins/pytorch-mobilenet-v2/pull/10", "gh:titu1994/MobileNetworks/issues/3"),
)
