"""Attention with the whole width for each head."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.look = nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        x = x + self.look(x, x, x)[0]
        return self.head(x.mean(1))
"""
KERAS = """
import keras
from keras import layers


def make():
    x = keras.Input((5, 8))
    y = layers.MultiHeadAttention(2, key_dim=8)(x, x)
    y = layers.GlobalAveragePooling1D()(x + y)
    return keras.Model(x, layers.Dense(3)(y))
"""

TRAP = Trap(
    title="Attention has the whole width for each of its heads",
    symptom="The Keras transformer has far more parameters than the one of PyTorch, by the same "
    "numbers in the constructor, and the weights of attention cannot be copied.",
    input="time=5 feature=8",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong="key_dim=8",
    mended="key_dim=4",
    rung="parameters",
    layer="look",
    cause="units of a head is 4 in PyTorch, 8 in Keras",
    why="PyTorch is given the width of all heads together, and Keras with key_dim the width "
    "of one.",
    threads=("gh:keras-team/keras/issues/18373",),
    reports=(29,),
)
