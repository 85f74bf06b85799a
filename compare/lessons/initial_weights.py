"""A lesson which 2017 had not: each framework draws other initial weights."""

from compare.lessons._lesson import NEW, Every, Lesson, Pair, Panel, Rows

TORCH = '''
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 64, batch_first=True)
        self.dense = nn.Linear(64, 8)


def begin_as_keras(network):
    """Draw initial weights by the rules of Keras."""
    for name, weight in network.named_parameters():
        if "bias" in name:
            nn.init.zeros_(weight)
        elif "weight_hh" in name:  # from one step of time to the next
            nn.init.orthogonal_(weight)
        else:
            nn.init.xavier_uniform_(weight)  # Keras calls it glorot_uniform
    for layer in network.modules():
        if isinstance(layer, nn.LSTM):  # of one layer; the gates are i, f, g, o
            _, forget, _, _ = layer.bias_ih_l0.data.chunk(4)
            forget.fill_(1)


network = Network()
'''

TORCH_MEASURED = """
import torch


def drawn():
    torch.manual_seed(0)
    weights = {name: weight.detach() for name, weight in network.named_parameters()}
    biases = weights["lstm.bias_ih_l0"] + weights["lstm.bias_hh_l0"]
    return {
        "lstm, from inputs": weights["lstm.weight_ih_l0"].std().item(),
        "lstm, from step to step": weights["lstm.weight_hh_l0"].std().item(),
        "lstm, biases of the forget gate": biases[64:128].mean().item(),
        "dense": weights["dense.weight"].std().item(),
        "dense, bias": weights["dense.bias"].std().item(),
    }


torch.manual_seed(0)
network = Network()
figures["own"] = drawn()
begin_as_keras(network)
figures["as Keras"] = drawn()
"""

KERAS = """
import keras
from keras import layers

x = keras.Input((5, 8))
y = layers.LSTM(64)(x)  # Keras draws as begin_as_keras does
network = keras.Model(x, layers.Dense(8)(y))
"""

KERAS_MEASURED = """
keras.utils.set_random_seed(0)
x = keras.Input((5, 8))
y = layers.LSTM(64)(x)
network = keras.Model(x, layers.Dense(8)(y))
inputs, steps, biases, dense, bias = network.get_weights()
figures["own"] = {
    "lstm, from inputs": float(inputs.std()),
    "lstm, from step to step": float(steps.std()),
    "lstm, biases of the forget gate": float(biases[64:128].mean()),
    "dense": float(dense.std()),
    "dense, bias": float(bias.std()),
}
"""


def table(figures: Every) -> Rows:
    """Return how widely each framework draws each tensor."""
    torch, keras = figures["pytorch"], figures["keras-tensorflow"]["own"]
    return [
        ["standard deviation", "PyTorch", "PyTorch, begin_as_keras", "Keras"],
        *(
            [
                f"{name} (mean)" if "forget" in name else name,
                *(f"{one[name]:.3f}" for one in (torch["own"], torch["as Keras"], keras)),
            ]
            for name in keras
        ),
    ]


def reading(figures: Every) -> str:
    """Say what the rules are."""
    return (
        "PyTorch draws every tensor of a layer, biases too, from one uniform distribution, whose "
        "width depends on the number of inputs or units. Keras draws weights by Glorot's rule, "
        "recurrent weights as an orthogonal matrix, and sets biases to 0. The forget gate's bias "
        "is 1: an LSTM of Keras begins by remembering. What this does to scores stands at the top "
        "of the page of a run, and `diptych explain` measures it."
    )


def figure(figures: Every) -> str:
    """Return the widths of one tensor."""
    torch, keras = figures["pytorch"], figures["keras-tensorflow"]
    name = "lstm, from inputs"
    return (
        f"Standard deviation of an LSTM's input weights: {torch['own'][name]:.3f} in PyTorch, "
        f"{keras['own'][name]:.3f} in Keras, {torch['as Keras'][name]:.3f} in PyTorch by Keras's "
        "rules"
    )


LESSON = Lesson(
    number=11,
    name="initial_weights",
    title="Initial weights differ",
    claim="",
    now="Each framework has its own rules. The lines below give a network of PyTorch initial "
    "weights by the rules of Keras. If a port learns worse, try this first.",
    verdict=NEW,
    panels={
        "pytorch": Panel(shown=TORCH, measured=TORCH_MEASURED),
        "keras-tensorflow": Panel(shown=KERAS, measured=KERAS_MEASURED),
    },
    pairs=(
        Pair(
            "y = layers.LSTM(64)(x)  # Keras draws as begin_as_keras does",
            "nn.init.xavier_uniform_(weight)  # Keras calls it glorot_uniform\n"
            "nn.init.orthogonal_(weight)\nforget.fill_(1)",
            "to begin as Keras does: input weights, recurrent weights, the forget gate's bias",
        ),
    ),
    table=table,
    reading=reading,
    figure=figure,
    sources=(
        "docs.pytorch.org: LSTM, Linear",
        "keras.io: LSTM, Dense (kernel_initializer, recurrent_initializer, unit_forget_bias)",
    ),
    seen=("backends/_seeded.py", "backends/pytorch/_weights.py"),
)
