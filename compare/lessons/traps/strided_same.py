"""The same padding with a stride."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.out = nn.Linear(4, 5)

    def forward(self, x):
        x = self.stem(x).relu()
        return self.out(x.mean((2, 3)))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5),
        ]
    )
"""

TRAP = Trap(
    title="A convolution with a stride pads on another side",
    symptom="All shapes are the same, and the weights are copied. After the first convolution "
    "with stride 2, the feature maps look shifted by a pixel.",
    input="height=8 width=8 channel=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong='layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")',
    mended="""layers.ZeroPadding2D(1),
            layers.Conv2D(4, 3, strides=2, activation="relu")""",
    rung="layers",
    layer="stem",
    cause="padding before axes 1, 2 is 1, 1 here and 0, 0 there",
    why="'same' adds only what is needed for the stride, here one row and one column, and adds "
    "them at the end. padding=1 adds one on each side, and the last is never used.",
    threads=("gh:keras-team/keras/pull/16363", "gh:taehoonlee/tensornets/issues/25"),
    reports=(8,),
)
