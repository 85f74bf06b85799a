"""Two ways to enlarge a picture."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.head = nn.Conv2d(4, 2, 3)
        self.out = nn.Linear(2, 2)

    def forward(self, x):
        x = self.up(self.conv(x))
        return self.out(self.head(x).relu().mean((2, 3)))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3),
            layers.UpSampling2D(2, interpolation="bilinear"),
            layers.Conv2D(2, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )
"""

TRAP = Trap(
    title="Bilinear upsampling with aligned corners",
    symptom="A segmentation network was ported with its weights. The masks are right inside, and "
    "their edges are off by a pixel or two.",
    input="height=8 width=8 channel=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong=", align_corners=True",
    mended="",
    rung="layers",
    layer="head",
    cause="bilinearly with the corners aligned here and bilinearly there",
    why="A pixel is a point at the corner of a grid, or a square with its middle half a pixel "
    "inside. Keras has the latter, PyTorch both.",
    threads=(
        "gh:pytorch/pytorch/issues/10604",
        "gh:tensorflow/tensorflow/issues/33691",
        "gh:bonlime/keras-deeplab-v3-plus/issues/49",
    ),
    reports=(42,),
)
