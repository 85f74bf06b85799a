"""A lesson which 2017 had not: weights carried from Keras to PyTorch."""

from compare.lessons._lesson import NEW, Every, Lesson, Pair, Panel, Rows

PROGRAM = """
import os

os.environ["KERAS_BACKEND"] = "torch"  # before Keras is imported

import keras
import numpy as np
import torch
from keras import layers
from torch import nn


def put(parameter, array):
    assert parameter.shape == array.shape
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(array))


def copy_dense(dense, linear):
    kernel, bias = dense.get_weights()
    put(linear.weight, kernel.T)
    put(linear.bias, bias)


def copy_conv(keras_conv, conv):
    kernel, bias = keras_conv.get_weights()
    put(conv.weight, kernel.transpose(3, 2, 0, 1))  # (h, w, in, out) to (out, in, h, w)
    put(conv.bias, bias)


def over_time(conv, x):  # (n, t, h, w, in), as Keras has it
    n, t = x.shape[:2]
    x = x.flatten(0, 1).permute(0, 3, 1, 2)  # (n * t, in, h, w)
    x = conv(x).permute(0, 2, 3, 1)  # (n * t, h, w, out)
    return x.unflatten(0, (n, t))  # (n, t, h, w, out)


def copy_lstm(keras_lstm, lstm):  # gates: i, f, g, o on both sides
    kernel, recurrent, bias = keras_lstm.get_weights()
    put(lstm.weight_ih_l0, kernel.T)
    put(lstm.weight_hh_l0, recurrent.T)
    put(lstm.bias_ih_l0, bias)
    put(lstm.bias_hh_l0, np.zeros_like(bias))  # Keras has one bias, PyTorch two


def copy_gru(keras_gru, gru):  # gates: z, r, h in Keras; r, z, n in PyTorch; h is n
    def reordered(array):
        z, r, h = np.split(array, 3, axis=-1)
        return np.concatenate([r, z, h], axis=-1).T

    kernel, recurrent, (bias, recurrent_bias) = keras_gru.get_weights()
    put(gru.weight_ih_l0, reordered(kernel))
    put(gru.weight_hh_l0, reordered(recurrent))
    put(gru.bias_ih_l0, reordered(bias))
    put(gru.bias_hh_l0, reordered(recurrent_bias))


def copy_norm(keras_norm, norm):
    gamma, beta, mean, variance = keras_norm.get_weights()
    put(norm.weight, gamma)
    put(norm.bias, beta)
    put(norm.running_mean, mean)
    put(norm.running_var, variance)


images, steps, rows = torch.rand(4, 10, 8, 8, 3), torch.rand(4, 10, 6), torch.rand(4, 6)
dense, linear = layers.Dense(5), nn.Linear(6, 5)
keras_conv, conv = layers.TimeDistributed(layers.Conv2D(5, 3)), nn.Conv2d(3, 5, 3)
keras_lstm, lstm = layers.LSTM(5), nn.LSTM(6, 5, batch_first=True)
keras_gru, gru = layers.GRU(5), nn.GRU(6, 5, batch_first=True)
keras_norm, norm = layers.BatchNormalization(), nn.BatchNorm1d(6, eps=1e-3, momentum=0.01)

expected = keras_lstm(steps)  # now it has weights
copy_lstm(keras_lstm, lstm)
apart = (lstm(steps)[0][:, -1] - expected).abs().max().item()  # the rounding of float32
"""

MEASURED = """
pairs = {
    "Dense": (dense, linear, copy_dense, rows, lambda: linear(rows)),
    "TimeDistributed(Conv2D)": (
        keras_conv, conv, copy_conv, images, lambda: over_time(conv, images)
    ),
    "LSTM": (keras_lstm, lstm, copy_lstm, steps, lambda: lstm(steps)[0][:, -1]),
    "GRU": (keras_gru, gru, copy_gru, steps, lambda: gru(steps)[0][:, -1]),
    "BatchNormalization": (keras_norm, norm, copy_norm, rows, lambda: norm.eval()(rows)),
}
rng = np.random.default_rng(0)
for name, (layer, module, copied, x, ask) in pairs.items():
    layer(x)  # now it has weights
    for weight in layer.weights:  # so that every one of them counts: none is 0
        drawn = rng.uniform(-0.8, 0.8, weight.shape).astype("float32")
        weight.assign(abs(drawn) + 0.1 if "variance" in weight.name else drawn)
    copied(layer, module)
    expected = layer(x)
    figures[name] = float((ask() - expected).detach().abs().max() / expected.abs().max())
"""

WHAT = {
    "Dense": "kernel transposed",
    "TimeDistributed(Conv2D)": "order of the kernel's axes",
    "LSTM": "transposed; a second bias, 0",
    "GRU": "transposed; gates z, r, h to r, z, n",
    "BatchNormalization": "eps=1e-3; momentum 0.99 is 0.01",
}


def table(figures: Every) -> Rows:
    """Return how far outputs are apart, relative to the largest, once weights are copied."""
    return [
        ["layer", "outputs apart", "what changes"],
        *([name, f"{apart:.1e}", WHAT[name]] for name, apart in figures["keras-torch"].items()),
    ]


def largest(figures: Every) -> float:
    """Return the largest difference that is left."""
    return float(max(figures["keras-torch"].values()))


def reading(figures: Every) -> str:
    """Say how near the copies are, and what a copy does not carry over."""
    return (
        "With the weights copied, outputs are the same to the rounding of float32 (largest "
        f"difference, relative to the largest output: {largest(figures):.1e}). Three "
        "things need more than a copy. A Dense layer after Flatten: see lesson 7. A GRU with "
        "`reset_after=False`: PyTorch has none. BatchNormalization in training: PyTorch averages "
        "the unbiased variance, Keras the biased one. `diptych check` proves a whole pair in this "
        "way, "
        "gradients and training included."
    )


LESSON = Lesson(
    number=12,
    name="porting",
    title="Weights can be copied",
    claim="",
    now="A layer of PyTorch holds the same numbers as its counterpart in Keras, in another order. "
    "With PyTorch underneath Keras (`KERAS_BACKEND=torch`), one process holds both, so a copy "
    "can be tested at once.",
    verdict=NEW,
    panels={"keras-torch": Panel(shown=PROGRAM, measured=MEASURED)},
    pairs=(
        Pair(
            "kernel, recurrent, bias = keras_lstm.get_weights()",
            "put(lstm.weight_ih_l0, kernel.T)\nput(lstm.weight_hh_l0, recurrent.T)\n"
            "put(lstm.bias_ih_l0, bias)\n"
            "put(lstm.bias_hh_l0, np.zeros_like(bias))  # Keras has one bias, PyTorch two",
            "gates i, f, g, o in both; GRU: z, r, h in Keras, r, z, n in PyTorch",
        ),
        Pair(
            "kernel, bias = keras_conv.get_weights()",
            "put(conv.weight, kernel.transpose(3, 2, 0, 1))  # (h, w, in, out) to (out, in, h, w)",
            "the order of the axes",
        ),
    ),
    table=table,
    reading=reading,
    figure=lambda figures: (
        f"Largest difference after copying, of five kinds of layers: {largest(figures):.1e}"
    ),
    sources=("keras/src/layers/rnn/lstm.py, gru.py", "docs.pytorch.org: LSTM, GRU"),
    seen=("backends/pytorch/_layouts.py", "backends/keras/_weights.py"),
)
