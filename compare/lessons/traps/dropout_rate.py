"""Dropout with another rate."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 8)
        self.drop = nn.Dropout()
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        return self.out(self.drop(self.hidden(x).relu()))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(3),
        ]
    )
"""

TRAP = Trap(
    title="Dropout has another rate",
    symptom="Outputs and gradients were compared in evaluation mode and agree. In training, the "
    "loss of one is always higher.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="nn.Dropout()",
    mended="nn.Dropout(0.2)",
    rung="loss",
    layer="drop",
    cause="rate is 0.5 in PyTorch, 0.2 in Keras",
    why="PyTorch has 0.5 as its default, Keras asks for a rate. Without training mode nobody "
    "sees it.",
    threads=("disc:183856",),
    reports=(62,),
)
