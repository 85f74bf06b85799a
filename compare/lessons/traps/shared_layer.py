"""One layer called twice instead of two."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.Linear(6, 8)
        self.block = nn.Linear(8, 8)
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        x = self.up(x)
        for _ in range(2):
            x = self.block(x.relu())
        return self.out(x.relu())
"""
KERAS = """
import keras
from keras import layers


def make():
    x = inputs = keras.Input((6,))
    x = layers.Dense(8)(x)
    for _ in range(2):
        x = layers.Dense(8)(layers.ReLU()(x))
    return keras.Model(inputs, layers.Dense(3)(layers.ReLU()(x)))
"""

TRAP = Trap(
    title="One layer is called twice instead of two",
    symptom="The summary of the PyTorch model has fewer parameters than that of Keras, with as "
    "many layers in the code.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong="""for _ in range(2):
        x = layers.Dense(8)(layers.ReLU()(x))""",
    mended="""block = layers.Dense(8)
    for _ in range(2):
        x = block(layers.ReLU()(x))""",
    rung="parameters",
    layer="block",
    cause="no such weight in PyTorch, (8, 8) in Keras",
    why="A layer that is made outside of a loop has one set of weights for all rounds. One "
    "that is made in the loop has new ones each time.",
    threads=("gh:jt827859032/DRRN-pytorch/issues/1",),
)
