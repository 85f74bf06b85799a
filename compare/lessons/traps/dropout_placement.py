"""Dropout before a layer instead of after it."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 8)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        x = self.hidden(self.drop(x)).relu()
        return self.out(x)
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(3),
        ]
    )
"""

TRAP = Trap(
    title="Dropout is before a layer instead of after it",
    symptom="The rates are equal and evaluation agrees. Still one of the two needs more epochs, "
    "with every seed.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="x = self.hidden(self.drop(x)).relu()",
    mended="x = self.drop(self.hidden(x).relu())",
    rung="loss",
    layer="drop",
    cause="rate 0.3 of (6) here and",
    why="What is dropped are inputs on one side and hidden units on the other. In evaluation "
    "mode neither happens.",
    threads=("gh:recommenders-team/recommenders/pull/2366",),
)
