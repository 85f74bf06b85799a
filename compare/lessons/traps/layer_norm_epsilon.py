"""A layer normalization with another epsilon."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(6, 8)
        self.norm = nn.LayerNorm(8)
        self.out = nn.Linear(8, 3)

    def forward(self, x):
        return self.out(self.norm(self.proj(x)).relu())
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8),
            layers.LayerNormalization(),
            layers.ReLU(),
            layers.Dense(3),
        ]
    )
"""

TRAP = Trap(
    title="Layer normalization has another epsilon",
    symptom="A transformer was ported with its weights. Each block adds a little error, and the "
    "logits at the end differ in the third digit.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="nn.LayerNorm(8)",
    mended="nn.LayerNorm(8, eps=1e-3)",
    rung="layers",
    layer="norm",
    cause="epsilon is 1e-05 here and 0.001 there",
    why="The default is 1e-3 in Keras and 1e-5 in PyTorch. Published weights were often trained "
    "with 1e-6 or 1e-12.",
    threads=("gh:huggingface/candle/pull/271", "gh:mindspore-lab/mindone/pull/219"),
    reports=(34,),
)
