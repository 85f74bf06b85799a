"""An LSTM whose gates are straight lines."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        steps, _ = self.lstm(x)
        return self.head(steps[:, -1])
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((6, 3)),
            layers.LSTM(4, recurrent_activation="hard_sigmoid"),
            layers.Dense(2),
        ]
    )
"""

TRAP = Trap(
    title="The gates of an LSTM have another activation",
    symptom="An old Keras LSTM was carried over to nn.LSTM. Outputs are near, off by a few "
    "percent, and no copying of weights makes them equal.",
    input="time=6 feature=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong=', recurrent_activation="hard_sigmoid"',
    mended="",
    rung="layers",
    layer="lstm",
    cause="recurrent activation sigmoid here, recurrent activation hard_sigmoid there",
    why="Before version 2.3 hard_sigmoid was Keras's default. PyTorch has sigmoid in its "
    "gates and nothing else.",
    threads=("disc:61598", "gh:AlexanderLutsenko/nobuco"),
    reports=(16, 33),
)
