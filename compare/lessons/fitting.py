"""The fourth lesson: fitting is several steps."""

from compare.lessons._lesson import HOLDS, Every, Lesson, Pair, Panel, Rows

TORCH = '''
import torch
from torch import nn


def fit(network, x, y, epochs=20):
    """What Keras calls `fit`."""
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    losses = []
    for _ in range(epochs):
        network.train()
        for rows, goal in zip(x.split(32), y.split(32)):
            loss = nn.functional.mse_loss(network(rows), goal)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            losses.append(nn.functional.mse_loss(network(x), y).item())
    return losses


network = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1))
x = torch.rand(640, 8)
losses = fit(network, x, x.sum(1, keepdim=True))
'''

TORCH_MEASURED = """
import numpy as np

inputs = torch.from_numpy(np.random.default_rng(0).random((640, 8), dtype="float32"))
figures["losses"] = {}
for name, line, instead in (
    ("", "", ""),
    ("zero_grad", "optimizer.zero_grad()", "pass"),
    ("step", "optimizer.step()", "pass"),
    ("eval", "network.eval()", "pass"),
    ("no_grad", "with torch.no_grad():", "if True:"),
):
    assert line in shown
    if line:
        exec(shown.replace(line, instead))  # which draws an x of its own, too
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1))
    figures["losses"][name] = fit(network, inputs, inputs.sum(1, keepdim=True))
"""

KERAS = '''
import keras
import numpy as np
from keras import layers


def fit(network, x, y, epochs=20):
    """All of it in two calls; what is done inside cannot be forgotten."""
    network.compile(keras.optimizers.Adam(1e-2), "mse")
    history = network.fit(
        x, y, batch_size=32, epochs=epochs, shuffle=False, validation_data=(x, y), verbose=0
    )
    return history.history["val_loss"]


network = keras.Sequential(
    [layers.Dense(32, activation="relu"), layers.Dropout(0.2), layers.Dense(1)]
)
x = np.random.rand(640, 8).astype("float32")
losses = fit(network, x, x.sum(1, keepdims=True))
'''

KERAS_MEASURED = """
keras.utils.set_random_seed(0)
x = np.random.default_rng(0).random((640, 8), dtype="float32")
y = x.sum(1, keepdims=True)
network = keras.Sequential(
    [layers.Dense(32, activation="relu"), layers.Dropout(0.2), layers.Dense(1)]
)
figures["losses"] = fit(network, x, y)
"""

# The same network by `fit` and by a loop of PyTorch's: what `fit` costs.
PRICE = """
import time

import torch

x = np.random.default_rng(0).random((6400, 8), dtype="float32")
y = x.sum(1, keepdims=True)


def made():
    keras.utils.set_random_seed(0)
    network = keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(1)])
    network(x[:1])
    return network


by_fit, by_loop = made(), made()
by_fit.compile(keras.optimizers.SGD(1e-2), "mse")
optimizer = torch.optim.SGD(by_loop.parameters(), 1e-2)
rows, goals = torch.from_numpy(x), torch.from_numpy(y)


def loop():
    for batch, goal in zip(rows.split(32), goals.split(32)):
        loss = torch.nn.functional.mse_loss(by_loop(batch), goal)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


epochs = {
    "fit_s": lambda: by_fit.fit(x, y, batch_size=32, shuffle=False, verbose=0), "loop_s": loop
}
taken = {name: [] for name in epochs}
for _ in range(8):  # in turns: what else the machine does then falls on both
    for name, epoch in epochs.items():
        started = time.perf_counter()
        epoch()
        taken[name].append(time.perf_counter() - started)
figures |= {name: float(np.median(each[1:])) for name, each in taken.items()}
figures["apart"] = float((by_fit(x) - by_loop(x)).abs().max())
"""


AFTER = (1, 10, 20)  # epochs


def table(figures: Every) -> Rows:
    """Return the curve of each program."""
    losses = dict(figures["pytorch"]["losses"])
    curves = {"PyTorch": losses.pop("")}
    curves |= {f"PyTorch without `{name}`": curve for name, curve in losses.items()}
    curves["Keras, with its own initial weights"] = figures["keras-tensorflow"]["losses"]
    return [
        ["loss after training", *(f"epoch {epoch}" for epoch in AFTER)],
        *(
            [name, *(f"{curve[epoch - 1]:.3g}" for epoch in AFTER)]
            for name, curve in curves.items()
        ),
    ]


def reading(figures: Every) -> str:
    """Say what each forgotten line does, and what `fit` costs."""
    price = figures["keras-torch"]
    return (
        "The network has two linear layers, with dropout between them. No forgotten line raises an "
        "error. Without `zero_grad`, gradients add up. Without `step`, nothing is learned. Without "
        "`eval`, dropout goes on while the network is scored: the loss that you read is wrong. "
        "Without `no_grad`, the loss is right, but memory is kept for gradients. (The loss is that "
        "of the training rows, in evaluation mode.) `fit` has a price: with PyTorch underneath "
        f"Keras, an epoch of one network takes {price['fit_s']:.2f} s by `fit` and "
        f"{price['loop_s']:.2f} s by a loop like the one above. `fit` also makes each batch a "
        "tensor and keeps a mean of the loss, and its optimizer is Keras's. Both end with the same "
        f"outputs (largest difference: {price['apart']:g})."
    )


LESSON = Lesson(
    number=4,
    name="fitting",
    title="Fitting is several steps: the training loop",
    claim="PyTorch has no `fit`. You zero the gradients, compute, go backward, take a step, and "
    "change between training and evaluation mode.",
    now="This still holds, but you can choose. Keras lets you write the loop, too. Libraries such "
    "as Lightning and skorch bring a `fit` to PyTorch.",
    verdict=HOLDS,
    panels={
        "pytorch": Panel(shown=TORCH, measured=TORCH_MEASURED),
        "keras-tensorflow": Panel(shown=KERAS, measured=KERAS_MEASURED),
        "keras-torch": Panel(shown=KERAS, measured=PRICE),
    },
    pairs=(
        Pair(
            'network.compile(keras.optimizers.Adam(1e-2), "mse")',
            "optimizer = torch.optim.Adam(network.parameters(), 1e-2)",
            "the optimizer is given the tensors that it trains",
        ),
        Pair(
            "history = network.fit(\n    x, y, batch_size=32, epochs=epochs, shuffle=False, "
            "validation_data=(x, y), verbose=0\n)",
            "optimizer.zero_grad()\nloss.backward()\noptimizer.step()",
            "the loop over epochs and batches is yours",
        ),
        Pair(
            "",
            "network.train()\nnetwork.eval()\nwith torch.no_grad():",
            "you say when the network trains; `fit`, `evaluate` and `predict` know it",
        ),
    ),
    table=table,
    reading=reading,
    figure=lambda figures: (
        "With PyTorch underneath Keras, an epoch by `fit` takes "
        f"{figures['keras-torch']['fit_s'] / figures['keras-torch']['loop_s']:.1f} times as long "
        "as by a loop"
    ),
    sources=("keras.io: writing a custom training loop in PyTorch",),
    seen=(
        "backends/pytorch/_engine.py",
        "backends/keras/_engine.py",
        "tests/plain_pytorch.py",
        "tests/plain_keras.py",
    ),
)
