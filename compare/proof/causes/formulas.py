"""What layers compute, in float64; recurrent layers have the gates in the order of Keras."""

from collections.abc import Callable
from math import erf, sqrt

import numpy as np

from problems import Array

CLOSE = 1e-11  # relative: as near as rounding leaves two ways to compute the same in float64

SLOPES = (0.01, 0.2, 0.3, 0.1, 0.25, 0.05)


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)), also far from 0."""
    return 0.5 * (1 + np.tanh(x / 2))


def softmax(x: Array, axis: int = -1) -> Array:
    """Return shares of the powers of e, whose sum is 1."""
    powers = np.exp(x - x.max(axis, keepdims=True))
    found: Array = powers / powers.sum(axis, keepdims=True)
    return found


def log_softmax(x: Array) -> Array:
    """Return the logarithms of those shares on the last axis."""
    shifted = x - x.max(-1, keepdims=True)
    found: Array = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return found


def _gelu(x: Array) -> Array:
    found: Array = 0.5 * x * (1 + np.vectorize(erf)(x / sqrt(2)))
    return found


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "no activation": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "gelu by erf": _gelu,
    "gelu by tanh": lambda x: 0.5 * x * (1 + np.tanh(sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x * sigmoid(x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "selu": lambda x: (
        1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))
    ),
    "softplus": lambda x: np.logaddexp(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_sigmoid of 0.2 x": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "mish": lambda x: x * np.tanh(np.logaddexp(x, 0)),
    "softsign": lambda x: x / (1 + np.abs(x)),
}


def _leaky(slope: float) -> Callable[[Array], Array]:
    return lambda x: np.where(x > 0, x, slope * x)


FUNCTIONS |= {f"leaky relu with slope {slope:g}": _leaky(slope) for slope in SLOPES}


def lstm(
    x: Array, kernel: Array, recurrent: Array, bias: Array, sigmoid: Callable[[Array], Array]
) -> Array:
    """Return all steps of an LSTM with Keras's order of gates: input, forget, cell, output."""
    h = c = np.zeros((len(x), recurrent.shape[0]))
    steps = []
    for step in x.swapaxes(0, 1):
        i, f, g, o = np.split(step @ kernel + h @ recurrent + bias, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        steps.append(h)
    return np.stack(steps, 1)


def gru(
    x: Array, kernel: Array, recurrent: Array, bias: Array, *, after: bool, keeps: bool
) -> Array:
    """Return all steps of a GRU with Keras's order of gates: update, reset, candidate.

    `after` is whether the reset comes after the matrix, `keeps` whether the update keeps the old.
    """
    first, second = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    u = recurrent.shape[0]
    h = np.zeros((len(x), u))
    steps = []
    for step in x.swapaxes(0, 1):
        h = gru_step(step, h, kernel, recurrent, first, second, after=after, keeps=keeps)
        steps.append(h)
    return np.stack(steps, 1)


def gru_step(
    step: Array,
    h: Array,
    kernel: Array,
    recurrent: Array,
    first: Array,
    second: Array,
    *,
    after: bool,
    keeps: bool,
) -> Array:
    """Return the next state of a GRU; its bias is inside of the reset gate, and outside."""
    u = recurrent.shape[0]
    given, own = step @ kernel + first, h @ recurrent + second
    z, r = (sigmoid(given[:, k : k + u] + own[:, k : k + u]) for k in (0, u))
    before = (r * h) @ recurrent[:, 2 * u :] + second[2 * u :]
    new = np.tanh(given[:, 2 * u :] + (r * own[:, 2 * u :] if after else before))
    found: Array = z * h + (1 - z) * new if keeps else (1 - z) * h + z * new
    return found


def simple(
    x: Array, kernel: Array, recurrent: Array, bias: Array, f: Callable[[Array], Array]
) -> Array:
    """Return all steps of a simple recurrent layer."""
    h = np.zeros((len(x), recurrent.shape[0]))
    steps = []
    for step in x.swapaxes(0, 1):
        h = f(step @ kernel + h @ recurrent + bias)
        steps.append(h)
    return np.stack(steps, 1)


def turned(array: Array, order: tuple[int, ...], units: int) -> Array:
    """Return weights with the blocks of their gates in another order."""
    blocks = [array[..., i * units : (i + 1) * units] for i in order]
    return np.concatenate(blocks, axis=-1)


def same(one: Array, other: Array) -> bool:
    """Say whether two arrays agree to rounding, by the largest number."""
    if one.shape != other.shape or not one.size:
        return False
    with np.errstate(invalid="ignore"):
        apart = np.abs(one - other).max()
    return bool(apart <= CLOSE * max(np.abs(one).max(), np.abs(other).max()))
