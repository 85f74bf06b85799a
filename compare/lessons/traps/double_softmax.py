"""A softmax before a loss that has one."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 8)
        self.out = nn.Linear(8, 4)

    def forward(self, x):
        return self.out(self.hidden(x).relu())
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu"),
            layers.Dense(4, activation="softmax"),
        ]
    )
"""

TRAP = Trap(
    title="A softmax before a loss that has one",
    symptom="With ten classes, the loss sinks to 1.46 and never lower. Learning is slow, though "
    "the accuracy is not bad.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong=', activation="softmax"',
    mended="",
    rung="layers",
    layer="out",
    cause="no activation here and softmax there",
    why="A loss of logits applies the softmax itself. The second one makes all probabilities "
    "much alike, and the gradients small.",
    threads=("gh:exelban/tensorflow-cifar-10/pull/7", "gh:tflearn/tflearn/pull/562"),
    reports=(6,),
    options=("--loss", "cross_entropy"),
)
