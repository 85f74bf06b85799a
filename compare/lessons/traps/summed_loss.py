"""A sum in place of a mean."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 5)
        self.out = nn.Linear(5, 4)

    def forward(self, x):
        return self.out(self.hidden(x).tanh())


loss = nn.CrossEntropyLoss(reduction="sum")
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(5, activation="tanh"), layers.Dense(4)]
    )


loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
"""

TRAP = Trap(
    title="The loss is a sum over the batch, not its mean",
    symptom="The port needs a learning rate that is smaller by the size of the batch, or diverges.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong='reduction="sum"',
    mended="",
    rung="loss",
    layer="",
    cause="it is the sum here and the mean over all elements there",
    why="With a sum, every gradient is larger by the number of examples. Adam hides it, SGD "
    "does not.",
    threads=("gh:pierluigiferrari/ssd_keras/issues/185",),
    reports=(46,),
    options=("--target", "; 0..3"),
)
