"""The third lesson: less insulation."""

from collections.abc import Mapping

from compare.lessons._lesson import IN_PART, Every, Lesson, Pair, Panel, Rows

TORCH = """
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)  # sizes of input and output
        self.lstm = nn.LSTM(8 * 6 * 6, 16, batch_first=True, bidirectional=True)
        self.dense = nn.Linear(2 * 16, 1)  # both directions

    def forward(self, x):  # (n, t, 1, 8, 8)
        n, t = x.shape[:2]
        x = self.conv(x.flatten(0, 1)).relu()  # (n * t, 8, 6, 6)
        x = x.reshape(n, t, -1)  # (n, t, 288)
        _, (x, _) = self.lstm(x)  # (directions * layers, n, 16)
        x = torch.cat((x[0], x[1]), dim=1)  # (n, 32)
        return self.dense(x)
"""

TORCH_MEASURED = """
torch.manual_seed(0)
network = Network()
assert network(torch.zeros(2, 5, 1, 8, 8)).shape == (2, 1)
found = {name: sizes(text) for name, text in twins.items()}
figures["sizes"] = {name: sum(map(len, one.values())) for name, one in found.items()}
known = ("conv", "dense", "norm")  # what has a lazy form, which works the first size out
figures["lazy_sizes"] = {
    name: sum(len(given) - layer.startswith(known) for layer, given in one.items())
    for name, one in found.items()
}
lazy = nn.Sequential(nn.LazyConv2d(8, 3), nn.Flatten(), nn.LazyLinear(1))
lazy(torch.zeros(2, 1, 8, 8))
figures["lazy"] = list(lazy[2].weight.shape)
figures["lazy_rnn"] = hasattr(nn, "LazyLSTM")
figures["biases"] = sum(name.startswith("bias") for name, _ in network.lstm.named_parameters())
figures["state"] = list(network.lstm(torch.zeros(2, 5, 288))[1][0].shape)
figures["found"] = "when layers are made"
try:
    wrong = nn.Linear(30, 1)
    figures["found"] = "when it computes"
    wrong(torch.zeros(2, 32))
except RuntimeError as error:
    figures["error"] = str(error)
biases = network.lstm.bias_ih_l0 + network.lstm.bias_hh_l0
figures["forget_bias"] = float(biases[16:32].mean())
figures["epsilon"] = torch.optim.Adam(network.parameters()).defaults["eps"]
"""

KERAS = """
import keras
from keras import layers, ops

x = keras.Input((5, 8, 8, 1))
y = layers.TimeDistributed(layers.Conv2D(8, 3, activation="relu"))(x)
y = layers.Reshape((5, -1))(y)
y = layers.Bidirectional(layers.LSTM(16))(y)
network = keras.Model(x, layers.Dense(1)(y))
"""

KERAS_MEASURED = """
import re

figures["sizes"] = {
    name: sum(map(len, sizes(text).values())) for name, text in twins.items()
}
lstm = network.layers[-2].forward_layer
figures["biases"] = sum(weight.name == "bias" for weight in lstm.weights)
figures["forget_bias"] = float(ops.convert_to_numpy(lstm.weights[-1])[16:32].mean())
figures["epsilon"] = keras.optimizers.Adam().epsilon
figures["found"] = "when layers are joined"
try:
    wrong = layers.Reshape((5, 300))(layers.TimeDistributed(layers.Conv2D(8, 3))(x))
    figures["found"] = "when it computes"
    keras.Model(x, wrong)(ops.zeros((2, 5, 8, 8, 1)))
except ValueError as error:
    words = re.sub(r"\\x1b\\[[0-9]*m", "", str(error)).splitlines()
    figures["error"] = next(line for line in words if "size" in line)
"""


def total(sizes: Mapping[str, int]) -> int:
    """Return how many there are in all programs."""
    return sum(sizes.values())


def table(figures: Every) -> Rows:
    """Return what has to be known, when a wrong size is found, and what Keras sets unasked."""
    torch, keras = figures["pytorch"], figures["keras-tensorflow"]
    return [
        ["what", "PyTorch", "Keras"],
        ["sizes in all programs", str(total(torch["sizes"])), str(total(keras["sizes"]))],
        ["the same with lazy layers", str(total(torch["lazy_sizes"])), ""],
        ["a wrong size is found", torch["found"], keras["found"]],
        [
            "bias of the forget gate",
            f"{torch['forget_bias']:.2g} (drawn around 0)",
            f"{keras['forget_bias']:g}",
        ],
        ["biases of an LSTM", str(torch["biases"] // 2), str(keras["biases"])],
        ["Adam's epsilon", f"{torch['epsilon']:g}", f"{keras['epsilon']:g}"],
    ]


def reading(figures: Every) -> str:
    """Say what has to be known, and what Keras does unasked."""
    torch, keras = figures["pytorch"], figures["keras-tensorflow"]
    more = total(torch["sizes"]) / total(keras["sizes"])
    return (
        f"PyTorch wants {more:.1f} times as many sizes. A lazy layer finds its input size by "
        f"itself (after the convolution above: {torch['lazy'][1]}), but there is "
        f"{'a' if torch['lazy_rnn'] else 'no'} lazy LSTM. The last state of the LSTM above has the "
        f"shape {tuple(torch['state'])}: directions, batch, units. If a size is wrong, PyTorch "
        f'says: "{torch["error"]}". Keras says: "{keras["error"]}". In the last three rows, each '
        "framework has its own choice. Lesson 11 has lines for initial weights. Adam takes "
        "`eps=1e-7`, which is near, but not equal: Keras adds epsilon before the bias correction, "
        "PyTorch after it."
    )


LESSON = Lesson(
    number=3,
    name="insulation",
    title="Less insulation: you must know sizes and states",
    claim="In PyTorch you must know a component's insides: the size after a convolution, the axes "
    "of a state, what two directions return.",
    now="Lazy layers (since 1.8) find the input size of linear layers and "
    "convolutions when the first input comes. For recurrent layers you must know sizes and "
    "states. The order of gates matters when weights are copied: see lesson 12.",
    verdict=IN_PART,
    panels={
        "pytorch": Panel(shown=TORCH, measured=TORCH_MEASURED),
        "keras-tensorflow": Panel(shown=KERAS, measured=KERAS_MEASURED),
    },
    pairs=(
        Pair(
            "layers.Bidirectional(layers.LSTM(16))(y)",
            "self.lstm = nn.LSTM(8 * 6 * 6, 16, batch_first=True, bidirectional=True)\n"
            "_, (x, _) = self.lstm(x)  # (directions * layers, n, 16)\n"
            "x = torch.cat((x[0], x[1]), dim=1)  # (n, 32)",
            "PyTorch returns outputs and states; you join the two directions",
        ),
        Pair(
            "layers.Dense(1)(y)",
            "self.dense = nn.Linear(2 * 16, 1)  # both directions",
            "PyTorch wants the input size",
        ),
    ),
    table=table,
    reading=reading,
    figure=lambda figures: (
        f"Sizes in {len(figures['pytorch']['sizes'])} programs: "
        f"{total(figures['pytorch']['sizes'])} in PyTorch, "
        f"{total(figures['keras-tensorflow']['sizes'])} in Keras"
    ),
    sources=("torch/nn/modules/lazy.py", "pytorch/pytorch issue 69756: no lazy recurrent layer"),
    seen=("backends/pytorch/moving_square.py", "backends/pytorch/_layouts.py"),
    effects={
        "directions": lambda figures: (
            f"Shape of the state of two directions: {tuple(figures['pytorch']['state'])}"
        ),
        "epsilon": lambda figures: (
            f"Keras {figures['keras-tensorflow']['epsilon']:g}, PyTorch "
            f"{figures['pytorch']['epsilon']:g}"
        ),
        "two biases": lambda figures: (
            "Biases of a direction: "
            f"{figures['pytorch']['biases'] // 2}, in Keras {figures['keras-tensorflow']['biases']}"
        ),
    },
)
