"""A likely cause is named where its numbers agree, and nothing is named where none does."""

import numpy as np
import pytest

from compare.proof import causes
from compare.proof.causes import FUNCTIONS, Case

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 6, 4))
IMAGE = RNG.normal(size=(3, 8, 8, 4))
NORM = {"gamma": RNG.normal(size=4), "beta": RNG.normal(size=4)}
DENSE = {"kernel": RNG.normal(size=(4, 4)), "bias": RNG.normal(size=4)}
LSTM = {
    "kernel": RNG.normal(size=(4, 12)),
    "recurrent_kernel": RNG.normal(size=(3, 12)),
    "bias": RNG.normal(size=12),
}
GRU = {
    "kernel": RNG.normal(size=(4, 9)),
    "recurrent_kernel": RNG.normal(size=(3, 9)),
    "bias": RNG.normal(size=(2, 9)),
}
PRODUCT = X @ DENSE["kernel"] + DENSE["bias"]


def normalized(epsilon, axis=None, ddof=0):
    mean = 0.0 if axis is None else X.mean(axis, keepdims=True)
    variance = 1.0 if axis is None else X.var(axis, keepdims=True, ddof=ddof)
    return (X - mean) / np.sqrt(variance + epsilon) * NORM["gamma"] + NORM["beta"]


def lstm(order=(0, 1, 2, 3), sigmoid=FUNCTIONS["sigmoid"]):
    return causes._lstm(X, *(causes._turned(one, order, 3) for one in LSTM.values()), sigmoid)


def gru(*, after):
    return causes._gru(X, *GRU.values(), after)


def shifted(axis):
    padded = np.pad(IMAGE, [(0, 0), (1, 1), (1, 1), (0, 0)])
    size = IMAGE.shape[axis]
    return np.take(padded, range(size), axis), np.take(padded, range(1, size + 1), axis)


CASES = {
    "epsilon is 1e-05 here and 0.001 there": (
        Case(x=X, one=normalized(1e-5), other=normalized(1e-3), weights=NORM)
    ),
    "the variance is biased here and unbiased there": (
        Case(x=X, one=normalized(1e-5, -1), other=normalized(1e-5, -1, 1), weights=NORM)
    ),
    "the activation is gelu by erf here and gelu by tanh there": Case(
        x=X, one=FUNCTIONS["gelu by erf"](X), other=FUNCTIONS["gelu by tanh"](X)
    ),
    "the activation is leaky relu with slope 0.01 here and leaky relu with slope 0.3 there": Case(
        x=X,
        one=FUNCTIONS["leaky relu with slope 0.01"](X),
        other=FUNCTIONS["leaky relu with slope 0.3"](X),
    ),
    "the activation is no activation here and softmax there": Case(
        x=X, one=PRODUCT, other=FUNCTIONS["softmax"](PRODUCT), weights=DENSE
    ),
    "all steps: recurrent activation sigmoid here, recurrent activation hard_sigmoid there": Case(
        x=X, one=lstm(), other=lstm(sigmoid=FUNCTIONS["hard_sigmoid"]), weights=LSTM
    ),
    "the last step: recurrent activation sigmoid here, gates in the order i, g, f, o there": Case(
        x=X, one=lstm()[:, -1], other=lstm((0, 2, 1, 3))[:, -1], weights=LSTM
    ),
    "all steps: the reset after the matrix here, the reset before the matrix there": Case(
        x=X, one=gru(after=True), other=gru(after=False), weights=GRU
    ),
    "the first step is taken for the last one there": Case(
        x=X, one=lstm()[:, -1], other=lstm()[:, 0], weights=LSTM
    ),
    "axis 1 has 1 more of its padding before it here": Case(
        x=IMAGE, one=shifted(1)[0], other=shifted(1)[1]
    ),
    "what there is is 0.5 times what is here": Case(x=IMAGE, one=X, other=0.5 * X),
    "axis 1 is the other way round": Case(x=IMAGE, one=X, other=X[:, ::-1]),
    "dropout with rate 0.25 is on there": Case(
        x=IMAGE, one=X, other=np.where(RNG.random(X.shape) < 0.25, 0, X / 0.75)
    ),
}


@pytest.mark.parametrize("told", CASES)
def test_a_cause_is_named(told):
    assert causes.cause(CASES[told]) == told


def test_nothing_is_named_where_nothing_fits():
    assert causes.cause(Case(x=X, one=X, other=X + RNG.normal(size=X.shape))) == ""
    far = normalized(1e-3) + 1e-7  # as far from each hypothesis as float32 is
    assert causes.cause(Case(x=X, one=normalized(1e-5), other=far, weights=NORM)) == ""


def flat(*order):
    return IMAGE.transpose(0, *order).reshape(len(IMAGE), -1)


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (flat(3, 1, 2), flat(1, 2, 3), "channels come first here and last there"),
        (flat(1, 2, 3), flat(3, 1, 2), "channels come last here and first there"),
        (IMAGE.mean((1, 2)), IMAGE.max((1, 2)), "the mean over space or time here and the largest"),
        (IMAGE, np.maximum(IMAGE, 0), "it is no activation here and relu there"),
        (IMAGE[:, -1], IMAGE[:, 0], "it is the last step here and the first step there"),
        (IMAGE, IMAGE + 1e-3 * RNG.normal(size=IMAGE.shape), ""),
    ],
)
def test_what_happens_between_layers(one, other, told):
    found = causes.between(IMAGE, one, other)
    assert told in found
    assert bool(found) == bool(told)
