"""A GRU that resets its state before the matrix."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 4, bias=False, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        steps, _ = self.rnn(x)
        return self.head(steps[:, -1])
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((6, 3)),
            layers.GRU(4, use_bias=False, reset_after=False),
            layers.Dense(2),
        ]
    )
"""

TRAP = Trap(
    title="A GRU has its reset before the matrix",
    symptom="A GRU from a paper was trained in Keras, and its weights copied to nn.GRU. The gates"
    " are in the right order, and the outputs still drift apart from the second step on.",
    input="time=6 feature=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong="layers.GRU(4, use_bias=False, reset_after=False)",
    mended="layers.GRU(4, use_bias=False)",
    rung="layers",
    layer="rnn",
    cause="reset is after the matrix in PyTorch, before the matrix in Keras",
    why="Keras has both forms of a GRU. PyTorch has one: it multiplies with the matrix first "
    "and resets then. With reset_after=False no nn.GRU is the same.",
    threads=("gh:keras-team/keras/issues/15915", "disc:6630"),
    reports=(19,),
)
