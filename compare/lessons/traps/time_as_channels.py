"""A convolution that takes time for channels."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(10, 8)
        self.conv = nn.Conv1d(8, 6, 3)
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        x = self.words(x)
        x = self.conv(x).relu()
        return self.head(x.amax(2))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((8,)),
            layers.Embedding(10, 8),
            layers.Conv1D(6, 3, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(2),
        ]
    )
"""

TRAP = Trap(
    title="A convolution takes time for its channels",
    symptom="A classifier of short texts trains without an error in both, at a length that is "
    "also the width of the embedding. That of PyTorch stays far behind.",
    input="time=8; 0..9",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="x = self.words(x)",
    mended="x = self.words(x).transpose(1, 2)",
    rung="layers",
    layer="conv",
    cause="axes 1 and 2 are swapped",
    why="An embedding leaves (n, time, units), and Conv1d reads (n, channels, time). Where "
    "both are of one size, it slides over the units without a word.",
    threads=(
        "gh:thinng/GraphDTA/issues/13",
        "gh:FernandoLpz/Text-Classification-CNN-PyTorch/issues/3",
    ),
)
