"""A ninth lesson, which 2017 had not: compiling."""

from compare.lessons._lesson import NEW, Every, Lesson, Pair, Panel, Rows, duration

TORCH = """
import torch
from torch import nn

network = nn.Sequential(nn.Linear(64, 256), nn.GELU(), nn.LayerNorm(256), nn.Linear(256, 64))
compiled = torch.compile(network)  # nothing happens before the first input
"""

TORCH_MEASURED = """
import os
from time import perf_counter

x = torch.rand(64, 64)


def step(model):
    def once():
        network.zero_grad()
        model(x).square().mean().backward()

    return once


figures["step_s"] = {"as it is": seconds(step(network))}
started = perf_counter()
step(compiled)()
figures["first_step_s"] = perf_counter() - started
figures["step_s"]["compiled"] = seconds(step(compiled))
lstm = nn.LSTM(4, 8, batch_first=True)
explained = torch._dynamo.explain(lambda x: lstm(x)[0])(torch.rand(2, 3, 4))
figures["graphs_of_lstm"] = explained.graph_count
"""

KERAS = """
import keras
from keras import layers

network = keras.Sequential(
    [layers.Dense(256), layers.Activation("gelu"), layers.LayerNormalization(), layers.Dense(64)]
)
network.compile("sgd", "mse", jit_compile="auto")  # the default: XLA on a GPU
"""

KERAS_MEASURED = """
from time import perf_counter

import numpy as np

x = np.random.default_rng(0).random((64, 64), dtype="float32")
figures["unasked"] = bool(network.jit_compile)
network(x)
figures["step_s"], figures["first_step_s"] = {}, {}
for name, asked in (
    ("eager", {"run_eagerly": True}),
    ("graph", {"jit_compile": False}),
    ("XLA", {"jit_compile": True}),
):
    network.compile("sgd", "mse", **asked)
    started = perf_counter()
    network.train_on_batch(x, x)
    figures["first_step_s"][name] = perf_counter() - started
    figures["step_s"][name] = seconds(lambda: network.train_on_batch(x, x))
"""


def _even(first_s: float, slow_s: float, fast_s: float) -> str:
    if fast_s >= slow_s:
        return "compiled steps are not faster, so the time of the first step is lost"
    return f"the time of the first step is regained after {first_s / (slow_s - fast_s):,.0f} steps"


def table(figures: Every) -> Rows:
    """Return what steps take, compiled and not."""
    torch, keras = figures["pytorch"], figures["keras-tensorflow"]
    return [
        ["program", "first step", "every other step"],
        ["PyTorch", "", duration(torch["step_s"]["as it is"])],
        [
            "PyTorch, compiled",
            duration(torch["first_step_s"]),
            duration(torch["step_s"]["compiled"]),
        ],
        *(
            [f"Keras on TensorFlow, {name}", duration(keras["first_step_s"][name]), duration(taken)]
            for name, taken in keras["step_s"].items()
        ),
    ]


def reading(figures: Every) -> str:
    """Say what is compiled unasked, and when the first step is made up for."""
    torch, keras = figures["pytorch"], figures["keras-tensorflow"]
    plain, fast = torch["step_s"]["as it is"], torch["step_s"]["compiled"]
    return (
        f"PyTorch compiles only if you ask. For this small network, "
        f"{_even(torch['first_step_s'], plain, fast)}. `torch.compile` skips a function that "
        f"calls an LSTM (it makes {torch['graphs_of_lstm']} graphs of it): the function runs as "
        "before, and no message says so. Keras on TensorFlow makes a graph of the step unasked. On "
        f"this CPU it uses XLA {'unasked' if keras['unasked'] else 'only if you ask'}."
    )


def figure(figures: Every) -> str:
    """Return what compiling costs in PyTorch."""
    torch = figures["pytorch"]
    return (
        f"`torch.compile`: the first step takes {torch['first_step_s']:.1f} s, every other one "
        f"{1000 * torch['step_s']['compiled']:.2f} ms ({1000 * torch['step_s']['as it is']:.2f} ms "
        "without it)"
    )


LESSON = Lesson(
    number=9,
    name="compiling",
    title="Compiling",
    claim="",
    now="Keras makes a graph of the training step unasked, and on JAX it always compiles it by "
    "XLA. (Its method `compile` does not compile: it takes the optimizer and the loss.) PyTorch "
    "runs line by line. It compiles with `torch.compile` (since 2.0), if asked.",
    verdict=NEW,
    panels={
        "pytorch": Panel(shown=TORCH, measured=TORCH_MEASURED),
        "keras-tensorflow": Panel(shown=KERAS, measured=KERAS_MEASURED),
    },
    pairs=(
        Pair(
            'network.compile("sgd", "mse", jit_compile="auto")  # the default: XLA on a GPU',
            "compiled = torch.compile(network)  # nothing happens before the first input",
            "Keras makes a graph unasked, PyTorch compiles only if asked",
        ),
    ),
    table=table,
    reading=reading,
    figure=figure,
    sources=("pytorch/pytorch issues 141184, 158007, 171853",),
    seen=("backends/pytorch/_tier.py", "backends/keras/_tier.py"),
)
