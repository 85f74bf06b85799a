"""A ninth lesson, which 2017 had not: compiling."""

from compare.lessons._lesson import NEW, Every, Lesson, Pair, Panel, Rows, duration

TORCH = """
import torch
from torch import nn

network = nn.Sequential(nn.Linear(64, 256), nn.GELU(), nn.LayerNorm(256), nn.Linear(256, 64))
compiled = torch.compile(network)  # nothing happens before the first input
"""

TORCH_MEASURED = """
x = torch.rand(64, 64)


def step(model):
    def once():
        network.zero_grad()
        model(x).square().mean().backward()

    return once


figures["step_s"] = {"as it is": seconds(step(network))}
figures["first_step_s"] = once(step(compiled))
figures["step_s"]["compiled"] = seconds(step(compiled))
lstm = nn.LSTM(4, 8, batch_first=True)
dense = nn.Linear(8, 4)
explained = torch._dynamo.explain(lambda x: dense(lstm(x)[0]).relu())(torch.rand(2, 3, 4))
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
    figures["first_step_s"][name] = once(lambda: network.train_on_batch(x, x))
    figures["step_s"][name] = seconds(lambda: network.train_on_batch(x, x))
"""


def _even(first_s: float, slow_s: float, fast_s: float) -> str:
    if fast_s > 0.9 * slow_s:  # less is noise
        return "compiled steps are not clearly faster, so the time of the first step is lost"
    steps = (first_s - slow_s) / (slow_s - fast_s)
    return f"the time of the first step is regained after {steps:,.0f} steps"


def table(figures: Every) -> Rows:
    """Return what steps take, compiled and not."""
    torch, keras = figures["pytorch"], figures["keras-tensorflow"]
    return [
        ["program", "first step", "later steps"],
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
        f"{_even(torch['first_step_s'], plain, fast)}. `torch.compile` does not compile "
        "an LSTM, nor what follows it in the same function. Of an LSTM with a linear layer after "
        f"it, it makes {torch['graphs_of_lstm']} graphs, and no message says so. On TensorFlow, "
        "Keras makes a graph of the step by default. On this CPU it uses XLA "
        f"{'by default' if keras['unasked'] else 'only if you ask'}. A step of Keras here also "
        "has an optimizer, a target and a metric, so compare each framework with itself."
    )


def figure(figures: Every) -> str:
    """Return what compiling costs in PyTorch."""
    torch = figures["pytorch"]
    return (
        f"`torch.compile`: the first step takes {duration(torch['first_step_s'])}, later ones "
        f"{duration(torch['step_s']['compiled'])} ({duration(torch['step_s']['as it is'])} without "
        "it)"
    )


LESSON = Lesson(
    number=9,
    name="compiling",
    title="Compiling",
    claim="",
    now="On TensorFlow and JAX, Keras makes a graph of the training step by default; on JAX, XLA "
    "compiles it. With PyTorch underneath, it makes none. (Its method `compile` does not compile: "
    "it takes the optimizer and the loss.) PyTorch runs line by line. It compiles with "
    "`torch.compile` (since 2.0), if you ask.",
    verdict=NEW,
    panels={
        "pytorch": Panel(shown=TORCH, measured=TORCH_MEASURED),
        "keras-tensorflow": Panel(shown=KERAS, measured=KERAS_MEASURED),
    },
    pairs=(
        Pair(
            'network.compile("sgd", "mse", jit_compile="auto")  # the default: XLA on a GPU',
            "compiled = torch.compile(network)  # nothing happens before the first input",
            "Keras makes a graph by default, PyTorch compiles only if you ask",
        ),
    ),
    table=table,
    reading=reading,
    figure=figure,
    sources=("pytorch/pytorch issues 141184, 158007, 171853",),
    seen=("backends/pytorch/_tier.py", "backends/keras/_tier.py"),
)
