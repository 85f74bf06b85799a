"""The padding of a kernel of even size."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(3, 4, 3)
        self.second = nn.Conv1d(4, 4, 4)
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        x = self.first(x).relu()
        x = self.second(F.pad(x, (2, 1))).relu()
        return self.out(x.mean(2))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((10, 3)),
            layers.Conv1D(4, 3, activation="relu"),
            layers.Conv1D(4, 4, padding="same", activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2),
        ]
    )
"""

TRAP = Trap(
    title="The padding of an even kernel is on the wrong side",
    symptom="How do I get Keras's 'same' for a kernel of 4? I pad by 3 in total, so the lengths "
    "agree. The outputs do not.",
    input="time=10 feature=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="(2, 1)",
    mended="(1, 2)",
    rung="layers",
    layer="second",
    cause="axis 1 gets 2 before and 1 after",
    why="A kernel of 4 needs 3 more steps. Keras adds the odd one after, so 1 before and 2 after.",
    threads=("disc:85121",),
    reports=(10,),
)
