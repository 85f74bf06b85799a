"""A pool that takes each place."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.pool = nn.MaxPool2d(2, stride=1)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.pool(self.conv(x).relu())
        return self.head(x.mean((2, 3)))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ]
    )
"""

TRAP = Trap(
    title="Pooling has another stride",
    symptom="A tutorial shows the same small network in both frameworks. One of them is far "
    "slower, and a little better.",
    input="height=8 width=8 channel=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong=", stride=1",
    mended="",
    rung="shapes",
    layer="pool",
    cause="strides is 1 in PyTorch, 2 in Keras",
    why="Without a stride both take the size of the window. A mean over all places behind it "
    "hides that the shapes differ.",
    threads=("gh:rasbt/deeplearning-models/issues/8",),
)
