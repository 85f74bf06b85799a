"""A recurrent layer that takes the batch for time."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4)
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        steps, _ = self.lstm(x)
        return self.out(steps)
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [keras.Input((6, 3)), layers.LSTM(4, return_sequences=True), layers.Dense(2)]
    )
"""

TRAP = Trap(
    title="An LSTM without batch_first",
    symptom="The same small tagger learns well in Keras. In PyTorch, the loss falls more slowly "
    "and stays higher. No error is raised, and the shapes are as they should be.",
    input="time=6 feature=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="nn.LSTM(3, 4)",
    mended="nn.LSTM(3, 4, batch_first=True)",
    rung="layers",
    layer="lstm",
    cause="the batch is taken for time here",
    why="nn.LSTM takes (time, batch, feature) unless it is told. Given the batch first, it reads "
    "the first word of each example, then the second of each, and never a sentence.",
    threads=("disc:61598",),
    reports=(16,),
)
