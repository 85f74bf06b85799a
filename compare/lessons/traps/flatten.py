"""Channels taken for places."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.place = nn.Linear(4, 6)
        self.out = nn.Linear(6, 2)

    def forward(self, x):
        x = self.conv(x).relu()
        places = x.reshape(len(x), 36, 4)
        return self.out(self.place(places).tanh().mean(1))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Reshape((36, 4)),
            layers.Dense(6, activation="tanh"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2),
        ]
    )
"""

TRAP = Trap(
    title="A reshape takes channels for places",
    symptom="The features of an image are made a list of its places, for an attention or an LSTM. "
    "The port of the Keras model learns something, and never what the original does.",
    input="height=8 width=8 channel=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="x.reshape(len(x), 36, 4)",
    mended="x.flatten(2).movedim(1, 2)",
    rung="layers",
    layer="place",
    cause="channels come first here and last there",
    why="In PyTorch, channels come before rows and columns. A reshape does not move them, so a "
    "row of 4 has four places of one channel, not four channels of one place.",
    threads=(
        "gh:fawazsammani/knowing-when-to-look-adaptive-attention/issues/6",
        "gh:gzuidhof/nn-transfer/issues/11",
        "gh:keras-team/keras/issues/13830",
    ),
    reports=(20,),
)
