"""Padding with its halves swapped."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn
from torch.nn import functional as F


class SameConv2d(nn.Conv2d):
    def forward(self, x):
        pads = []
        for size, k, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1]):
            total = max((-(-size // stride) - 1) * stride + k - size, 0)
            pads += [total - total // 2, total // 2]
        return super().forward(F.pad(x, pads))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = SameConv2d(3, 4, 3, stride=2)
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
    title="Padding has its halves swapped",
    symptom="A port of EfficientNet computes TensorFlow's padding by itself, to load its weights. "
    "The predictions are near those of the original and not equal.",
    input="height=8 width=8 channel=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="[total - total // 2, total // 2]",
    mended="[total // 2, total - total // 2]",
    rung="layers",
    layer="stem",
    cause="padding before axes 1, 2 is 1, 1 here and 0, 0 there",
    why="Where the padding is odd, Keras adds the smaller half before and the larger one after.",
    threads=(
        "gh:lukemelas/EfficientNet-PyTorch/issues/177",
        "gh:lukemelas/EfficientNet-PyTorch/pull/235",
    ),
    reports=(9,),
)
