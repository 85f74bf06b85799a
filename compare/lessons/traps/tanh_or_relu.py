"""An activation behind a recurrent layer instead of in it."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(3, 4, nonlinearity="relu", batch_first=True)
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
            layers.SimpleRNN(4),
            layers.ReLU(),
            layers.Dense(2),
        ]
    )
"""

TRAP = Trap(
    title="The activation is behind a recurrent layer instead of in it",
    symptom="We gave SimpleRNN another activation by a layer behind it. What comes out is not "
    "what the formula gives by hand.",
    input="time=6 feature=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong="layers.SimpleRNN(4)",
    mended='layers.SimpleRNN(4, activation="relu")',
    rung="layers",
    layer="rnn",
    cause="activation relu here, activation tanh there",
    why="A layer has tanh inside, at each step, unless it is told otherwise. What stands "
    "behind it works on the last step alone.",
    threads=("gh:keras-team/keras/issues/3819",),
)
