"""The defaults of RMSprop."""

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
    return torch.optim.RMSprop(model.parameters(), lr=0.01, eps=1e-14)
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(5, activation="tanh"), layers.Dense(4)]
    )


def optimizer():
    return keras.optimizers.RMSprop(0.01, epsilon=1e-14)
"""

TRAP = Trap(
    title="RMSprop's rho is another one",
    symptom="A paper's RMSprop settings do not train in the other framework.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="eps=1e-14",
    mended="alpha=0.9, eps=1e-14",
    rung="steps",
    layer="",
    cause="rho 0.99 here and 0.9 there",
    why="Keras's default is 0.9, PyTorch's `alpha` is 0.99.",
    threads=("gh:DLR-RM/stable-baselines3/pull/110",),
    reports=(13,),
)
