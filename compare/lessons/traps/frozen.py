"""A layer that was to be frozen, and is trained."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(6, 8)
        self.top = nn.Linear(8, 3)
        self.body.requires_grad = False

    def forward(self, x):
        return self.top(self.body(x).tanh())
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="tanh", trainable=False),
            layers.Dense(3),
        ]
    )
"""

TRAP = Trap(
    title="A layer is frozen on one side only",
    symptom="Fine-tuning was to change the last layer alone. In PyTorch it changes all of them, "
    "though we switched the gradient off.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="self.body.requires_grad = False",
    mended="self.body.requires_grad_(False)",
    rung="parameters",
    layer="body",
    cause="(6, 8) in PyTorch, frozen: it is not trained in Keras",
    why="A module has no requires_grad: this makes a new attribute that nobody reads. The "
    "method requires_grad_ is meant.",
    threads=("gh:CSCYQJ/MICCAI23-ProtoContra-SFDA/issues/18",),
)
