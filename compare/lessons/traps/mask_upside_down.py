"""A causal mask that is turned round."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
import torch
from torch import nn
from torch.nn import functional as F


class Causal(nn.Module):
    def __init__(self, units):
        super().__init__()
        self.query = nn.Parameter(torch.randn(units, units))
        self.key = nn.Parameter(torch.randn(units, units))
        self.value = nn.Parameter(torch.randn(units, units))

    def forward(self, x):
        steps = x.shape[1]
        mask = torch.ones(steps, steps, dtype=torch.bool, device=x.device).triu(1)
        return F.scaled_dot_product_attention(
            x @ self.query, x @ self.key, x @ self.value, attn_mask=mask
        )


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.look = Causal(8)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.look(x))
"""
KERAS = """
import keras
from keras import layers, ops


class Attention(layers.Layer):
    def build(self, shape):
        units = shape[-1]
        self.query = self.add_weight(shape=(units, units), name="query")
        self.key = self.add_weight(shape=(units, units), name="key")
        self.value = self.add_weight(shape=(units, units), name="value")

    def call(self, x):
        scores = (x @ self.query) @ ops.swapaxes(x @ self.key, 1, 2) / x.shape[-1] ** 0.5
        seen = ops.tril(ops.ones((x.shape[1], x.shape[1]), dtype="bool"))
        return ops.softmax(ops.where(seen, scores, -1e9)) @ (x @ self.value)


def make():
    return keras.Sequential([keras.Input((5, 8)), Attention(), layers.Dense(3)])
"""

TRAP = Trap(
    title="The mask of attention is upside down",
    symptom="The language model of the port reaches nearly 100 % in training within an epoch, and"
    " writes nonsense when it has to go on by itself.",
    input="time=5 feature=8",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong=".triu(1)",
    mended=".tril()",
    rung="layers",
    layer="look",
    cause="each step sees the steps after here, and itself and the steps before there",
    why="In nn.MultiheadAttention True is what must not be seen. In "
    "scaled_dot_product_attention, and in Keras, True is what is seen. So a mask that is "
    "carried over shows the future.",
    threads=("gh:braindecode/braindecode/pull/902", "gh:tensorflow/text/pull/894"),
    reports=(30,),
)
