"""Two forms of GELU."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.Linear(6, 8)
        self.down = nn.Linear(8, 3)

    def forward(self, x):
        return self.down(F.gelu(self.up(x)))
"""
KERAS = """
import keras
from keras import layers, ops


def make():
    inputs = keras.Input((6,))
    x = layers.Dense(8)(inputs)
    x = ops.gelu(x)
    return keras.Model(inputs, layers.Dense(3)(x))
"""

TRAP = Trap(
    title="GELU by erf and by tanh",
    symptom="The outputs of a block differ by about 5e-4, whatever the input. After twelve blocks "
    "one sees it in the scores.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong="ops.gelu(x)",
    mended="ops.gelu(x, approximate=False)",
    rung="layers",
    layer="down",
    cause="gelu by erf here and gelu by tanh there",
    why="`keras.ops.gelu` and JAX take an approximation by tanh, unless they are told not to. "
    "PyTorch and Keras's layer take the exact form.",
    threads=(
        "gh:goodfire-ai/spd/issues/624",
        "gh:kyutai-labs/pocket-tts/pull/278",
        "gh:AlexanderLutsenko/nobuco/pull/9",
    ),
    reports=(31,),
)
