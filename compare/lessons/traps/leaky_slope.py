"""A leaky ReLU with another slope."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 8)
        self.act = nn.LeakyReLU()
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        return self.out(self.act(self.hidden(x)))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8),
            layers.LeakyReLU(),
            layers.Dense(3),
        ]
    )
"""

TRAP = Trap(
    title="LeakyReLU has another slope",
    symptom="A detector was moved from one framework to the other, layer by layer with default "
    "arguments. It lost three per cent of its score.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="nn.LeakyReLU()",
    mended="nn.LeakyReLU(0.3)",
    rung="layers",
    layer="act",
    cause="leaky relu with slope 0.01 here and leaky relu with slope 0.3 there",
    why="Keras's layer has 0.3 as its slope, PyTorch's 0.01, `tf.nn.leaky_relu` 0.2 and darknet "
    "0.1. Most programs do not write it down.",
    threads=(
        "gh:Dobiasd/frugally-deep/pull/446",
        "gh:jinyu121/DW2TF/issues/2",
        "gh:torch-points3d/torch-points3d/pull/248",
    ),
    reports=(32,),
)
