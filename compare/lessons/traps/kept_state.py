"""A recurrent layer that keeps its state from batch to batch."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 4, batch_first=True)
        self.head = nn.Linear(4, 2)
        self.state = None

    def forward(self, x):
        if self.state is not None and self.state.shape[1] != len(x):
            self.state = None
        steps, state = self.rnn(x, self.state)
        self.state = state.detach().clone()
        return self.head(steps.mean(1))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((6, 3)),
            layers.GRU(4, return_sequences=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2),
        ]
    )
"""

TRAP = Trap(
    title="A state is kept from one batch to the next",
    symptom="The order of the test examples changes the score. The first batch agrees with Keras,"
    " all later ones do not.",
    input="time=6 feature=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="state.detach().clone()",
    mended="None",
    rung="layers",
    layer="rnn",
    cause="the first state is not 0 here and 0 there",
    why="Keras forgets the state after each batch, unless a layer is made with stateful=True."
    " In PyTorch it is whatever forward hands over.",
    threads=("so:43882796",),
    reports=(44,),
)
