"""Adamax's epsilon."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 5)
        self.out = nn.Linear(5, 4)

    def forward(self, x):
        return self.out(self.hidden(x).tanh())


def optimizer(model):
    return torch.optim.Adamax(model.parameters(), lr=0.01, eps=1e-2)
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(5, activation="tanh"), layers.Dense(4)]
    )


def optimizer():
    return keras.optimizers.Adamax(0.01)
"""

TRAP = Trap(
    title="Adamax has another epsilon",
    symptom="Two almost equal scores: the ranking of two ports changes with the seed.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="eps=1e-2",
    mended="eps=1e-7",
    rung="steps",
    layer="",
    cause="epsilon 0.01 here and 1e-07 there",
    why="It is added to the largest gradient so far. Where gradients are small, it decides "
    "the step.",
    threads=("disc:36268",),
    reports=(64,),
)
