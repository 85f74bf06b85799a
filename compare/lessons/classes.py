"""The first lesson: models are classes."""

from compare.lessons._lesson import IN_PART, Every, Lesson, Pair, Panel, Rows, duration

TORCH = """
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(8, 32)
        self.out = nn.Linear(32, 4)

    def forward(self, x):
        x = self.hidden(x)
        x = x.relu()
        return self.out(x)


as_class = Network()
as_list = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4))
"""

TORCH_MEASURED = """
as_list[0].load_state_dict(as_class.hidden.state_dict())
as_list[2].load_state_dict(as_class.out.state_dict())
x = torch.randn(64, 8, generator=torch.Generator().manual_seed(0))
figures["apart"] = float((as_class(x) - as_list(x)).abs().max())


def step(network):
    optimizer = torch.optim.Adam(network.parameters())

    def once():
        optimizer.zero_grad()
        network(x).square().mean().backward()
        optimizer.step()

    return once


figures["step_s"] = {
    "nn.Module": seconds(step(as_class)), "nn.Sequential": seconds(step(as_list))
}
figures["lines"] = {
    "nn.Module": lines_of(shown, "Network"), "nn.Sequential": lines_of(shown, "as_list")
}
"""

KERAS = """
import keras
from keras import layers, ops


class Network(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(32)
        self.out = layers.Dense(4)

    def call(self, x):
        x = self.hidden(x)
        x = ops.relu(x)
        return self.out(x)


as_class = Network()
as_list = keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(4)])
inputs = keras.Input((8,))
as_graph = keras.Model(inputs, layers.Dense(4)(layers.Dense(32, activation="relu")(inputs)))
"""

KERAS_MEASURED = """
import numpy as np

rows = np.random.default_rng(0).standard_normal((64, 8), dtype="float32")
answers = [network(rows) for network in (as_class, as_list, as_graph)]
for network in (as_list, as_graph):
    network.set_weights(as_class.get_weights())
first, *others = (ops.convert_to_numpy(n(rows)) for n in (as_class, as_list, as_graph))
figures["apart"] = max(float(np.abs(other - first).max()) for other in others)
figures["step_s"] = {}
for name, network in (
    ("subclass", as_class), ("Sequential", as_list), ("functional", as_graph)
):
    network.compile("adam", "mse")
    goal = np.zeros((64, 4), "float32")
    figures["step_s"][name] = seconds(lambda: network.train_on_batch(rows, goal))
figures["lines"] = {
    "subclass": lines_of(shown, "Network"),
    "Sequential": lines_of(shown, "as_list"),
    "functional": lines_of(shown, "inputs") + lines_of(shown, "as_graph"),
}
"""

ON_TORCH = """
import os

os.environ["KERAS_BACKEND"] = "torch"  # before Keras is imported

import keras
import torch
from keras import layers

x = torch.rand(64, 8)
network = keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(4)])
network(x)  # now it has weights
assert isinstance(network, torch.nn.Module)
optimizer = torch.optim.Adam(network.parameters())
losses = []
for _ in range(20):
    loss = network(x).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
"""

ON_TORCH_MEASURED = """
figures["losses"] = losses[:1] + losses[-1:]
"""


def apart(figures: Every) -> float:
    """Return the largest difference between outputs of two forms in one framework."""
    return float(max(figures[name]["apart"] for name in ("pytorch", "keras-tensorflow")))


def table(figures: Every) -> Rows:
    """Return what each form takes."""
    forms = {"PyTorch": figures["pytorch"], "Keras on TensorFlow": figures["keras-tensorflow"]}
    return [
        ["form", "lines", "a training step"],
        *(
            [f"{framework}: {name}", str(side["lines"][name]), duration(taken)]
            for framework, side in forms.items()
            for name, taken in side["step_s"].items()
        ),
    ]


def reading(figures: Every) -> str:
    """Say how near the forms are to one another, and that Keras on PyTorch is a module."""
    first, last = figures["keras-torch"]["losses"]
    return (
        "With the same weights, the forms of a framework give the same outputs (largest "
        f"difference: {apart(figures):g}). Trained by a loop of PyTorch, the loss of a Keras model "
        f"goes from {first:.3f} to {last:.3f} in 20 steps."
    )


LESSON = Lesson(
    number=1,
    name="classes",
    title="Models are classes",
    claim="In PyTorch a model is a class with a method that computes. In Keras a model is put "
    "together from layers, like bricks.",
    now="Both frameworks have both forms. Keras has had subclasses since 2.2 (2018), and PyTorch "
    "has `nn.Sequential`. Only Keras has the functional form: a graph of layers whose shapes are "
    "known before any data comes. Keras on PyTorch makes models that are `nn.Module`s.",
    verdict=IN_PART,
    panels={
        "pytorch": Panel(shown=TORCH, measured=TORCH_MEASURED),
        "keras-tensorflow": Panel(shown=KERAS, measured=KERAS_MEASURED),
        "keras-torch": Panel(shown=ON_TORCH, measured=ON_TORCH_MEASURED),
    },
    pairs=(
        Pair(
            "class Network(keras.Model):\ndef call(self, x):",
            "class Network(nn.Module):\ndef forward(self, x):",
            "both have classes; the method has another name",
        ),
        Pair(
            'as_list = keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(4)])',
            "as_list = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4))",
            "PyTorch wants input sizes, and an activation is a layer of its own",
        ),
        Pair("inputs = keras.Input((8,))", "", "only Keras has the functional form"),
    ),
    table=table,
    reading=reading,
    figure=lambda figures: f"Largest difference between a framework's forms: {apart(figures):g}",
    sources=("keras/src/backend/torch/layer.py: TorchLayer is an nn.Module",),
    seen=("backends/pytorch/echo.py", "backends/keras/echo.py"),
)
