"""The default decay of AdamW."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 5)
        self.out = nn.Linear(5, 4)

    def forward(self, x):
        return self.out(self.hidden(x).tanh())


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=0.05, eps=1e-7)
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(5, activation="tanh"), layers.Dense(4)]
    )


def optimizer():
    return keras.optimizers.AdamW(0.05)
"""

TRAP = Trap(
    title="AdamW's default weight decay is another one",
    symptom="AdamW with its defaults gives other weights in the two frameworks, even with the "
    "same epsilon.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="""    return torch.optim.AdamW(model.parameters(), lr=0.05, eps=1e-7)
""",
    mended="""    class LikeKeras(torch.optim.AdamW):
        steps = 0

        def step(self):
            self.steps += 1
            self.param_groups[0]["eps"] = 1e-7 / (1 - 0.999**self.steps) ** 0.5
            super().step()

    return LikeKeras(model.parameters(), lr=0.05, weight_decay=0.004)
""",
    rung="steps",
    layer="",
    cause="its amount is 0.01 here and 0.004 there",
    why="PyTorch's default is 0.01, Keras's 0.004.",
    threads=("gh:keras-team/keras/issues/19051",),
    reports=(12,),
)
