"""A penalty on weights on one side only."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 8)
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        return self.out(self.hidden(x).tanh())
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="tanh", kernel_regularizer="l2"),
            layers.Dense(3),
        ]
    )
"""

TRAP = Trap(
    title="One side adds a penalty on its weights to the loss",
    symptom="The loss that Keras reports is higher from the first batch on, and its weights stay "
    "smaller. The outputs agree.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong=', kernel_regularizer="l2"',
    mended="",
    rung="loss",
    layer="hidden",
    cause="0.01 times the sum of the squares of hidden/kernel is added to the loss there",
    why="A regularizer of Keras is part of the loss, which is reported with it. PyTorch knows"
    " weight decay in the optimizer, which is half of that number, and in no loss.",
    threads=("https://bbabenko.github.io/weight-decay", "so:53633838"),
    reports=(11, 61),
)
