"""A detach that cuts the gradient."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(6, 8)
        self.top = nn.Linear(8, 3)

    def forward(self, x):
        features = self.body(x).tanh().detach()
        return self.top(features)
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="tanh"),
            layers.Dense(3),
        ]
    )
"""

TRAP = Trap(
    title="A detach cuts the gradient",
    symptom="The loss falls, but slowly and not far. Outputs before training agree exactly with "
    "the Keras model.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong=".detach()",
    mended="",
    rung="gradients",
    layer="body",
    cause="no gradient comes to body/kernel, body/bias here",
    why="What stands before a detach is never trained. It is right in a frozen feature "
    "extractor, and stays behind when that is to learn.",
    threads=("gh:speechbrain/speechbrain/issues/1396",),
)
