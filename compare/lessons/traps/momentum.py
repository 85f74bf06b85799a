"""The momentum of a normalization, counted from the other end."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4, eps=1e-3, momentum=0.15)
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
            layers.BatchNormalization(momentum=0.15),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5),
        ]
    )
"""

TRAP = Trap(
    title="The momentum of batch normalization is taken over as it is",
    symptom="The training losses are the same from the first step to the last. Only the scores on "
    "the validation data differ, most of all in the first epochs.",
    input="height=8 width=8 channel=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="momentum=0.15",
    mended="momentum=0.85",
    rung="statistics",
    layer="norm",
    cause="momentum is 0.85 in PyTorch, 0.15 in Keras",
    why="Keras's momentum is the share of the old average, PyTorch's that of the new one. "
    "The one is 1 minus the other.",
    threads=("so:60079783", "gh:huggingface/transformers/pull/19454"),
    reports=(3,),
)
