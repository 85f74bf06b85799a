"""Dropout after an LSTM instead of before it."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        return self.head(self.drop(h[0]))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((6, 3)),
            layers.LSTM(4, dropout=0.3),
            layers.Dense(2),
        ]
    )
"""

TRAP = Trap(
    title="Dropout is after the LSTM instead of on its input",
    symptom="LSTM(dropout=0.3) became nn.LSTM and nn.Dropout(0.3). Evaluation agrees to the last "
    "digit, and the port overfits later and learns slower.",
    input="time=6 feature=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="""_, (h, _) = self.lstm(x)
        return self.head(self.drop(h[0]))""",
    mended="""x = x * self.drop(torch.ones_like(x[:, :1]))
        _, (h, _) = self.lstm(x)
        return self.head(h[0])""",
    rung="loss",
    layer="lstm",
    cause="rate 0.3 of (4) here and",
    why="In Keras an LSTM drops its input, with one mask for all steps. In PyTorch the "
    "argument works between stacked layers, and dropout behind the layer is another "
    "thing.",
    threads=("gh:tensorflow/tensorflow/issues/38236",),
    reports=(45,),
)
