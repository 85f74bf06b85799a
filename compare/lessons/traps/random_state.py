"""A recurrent layer that begins with a random state."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
import torch
from torch import nn


class Reader(nn.GRU):
    def forward(self, x):
        h0 = torch.randn(1, len(x), self.hidden_size, dtype=x.dtype, device=x.device)
        return super().forward(x, h0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = Reader(3, 4, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        steps, _ = self.rnn(x)
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
    title="A recurrent layer begins with a random state",
    symptom="The same sentence gets another score each time, in evaluation mode and without "
    "dropout. The Keras model always says the same.",
    input="time=6 feature=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="torch.randn",
    mended="torch.zeros",
    rung="layers",
    layer="rnn",
    cause="the first state is not 0 here and 0 there",
    why="Some tutorials draw h0 at random. Keras begins with 0, and so does PyTorch where no "
    "state is given.",
    threads=("so:43882796",),
    reports=(44,),
)
