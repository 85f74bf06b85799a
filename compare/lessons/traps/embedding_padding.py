"""An embedding whose entry for padding is 0 on one side."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(10, 4, padding_idx=0)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.words(x).mean(1))
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Embedding(10, 4),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3),
        ]
    )
"""

TRAP = Trap(
    title="The embedding of the padding is 0 on one side only",
    symptom="Sentences of full length give the same scores in both. Shorter ones, filled up with "
    "zeros, do not, and more so the shorter they are.",
    input="time=6; 0..9",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="nn.Embedding(10, 4, padding_idx=0)",
    mended="nn.Embedding(10, 4)",
    rung="layers",
    layer="words",
    cause="entry 0 is 0 here and a row of its own there",
    why="With padding_idx PyTorch keeps this row at 0 and gives it no gradient. In Keras row "
    "0 is drawn and trained as any other, with mask_zero too.",
    threads=("https://minibatchai.com/nlp/2021/06/22/Embedding.html",),
    reports=(27,),
)
