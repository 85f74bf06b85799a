"""A likely cause is named where its numbers agree, and nothing is named where none does."""

import numpy as np
import pytest

from compare.proof import alone
from compare.proof.alone import _difference
from compare.proof.causes import formulas
from compare.proof.causes.between import applied, between
from compare.proof.causes.case import Case
from compare.proof.causes.formulas import FUNCTIONS
from compare.proof.causes.layers import cause
from compare.proof.causes.optimizers import _apart

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
CONV = {"kernel": RNG.normal(size=(3, 3, 4, 5)), "bias": RNG.normal(size=5)}
PRODUCT = X @ DENSE["kernel"] + DENSE["bias"]


def normalized(epsilon, axis=None, ddof=0):
    mean = 0.0 if axis is None else X.mean(axis, keepdims=True)
    variance = 1.0 if axis is None else X.var(axis, keepdims=True, ddof=ddof)
    return (X - mean) / np.sqrt(variance + epsilon) * NORM["gamma"] + NORM["beta"]


def lstm(order=(0, 1, 2, 3), sigmoid=FUNCTIONS["sigmoid"]):
    return formulas.lstm(X, *(formulas.turned(one, order, 3) for one in LSTM.values()), sigmoid)


def gru(*, after):
    return formulas.gru(X, *GRU.values(), after=after, keeps=True)


def shifted(axis):
    padded = np.pad(IMAGE, [(0, 0), (1, 1), (1, 1), (0, 0)])
    size = IMAGE.shape[axis]
    return np.take(padded, range(size), axis), np.take(padded, range(1, size + 1), axis)


def convolved(before, kernel=None, *, mode="constant"):
    """A convolution with stride 2 of 8 x 8 by 3 x 3, which needs a padding of 1 in each axis."""
    kernel = CONV["kernel"] if kernel is None else kernel
    x = np.pad(IMAGE, [(0, 0), (before, 1 - before), (before, 1 - before), (0, 0)], mode)
    y = np.zeros((len(x), 4, 4, 5)) + CONV["bias"]
    for i, j in np.ndindex(4, 4):
        window = x[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
        y[:, i, j] += np.einsum("nhwc,hwcd->nd", window, kernel)
    return y


def averaged(*, counted):
    zeros, ones = (
        np.pad(of, [(0, 0), (1, 1), (1, 1), (0, 0)]) for of in (IMAGE, np.ones_like(IMAGE))
    )
    total, count = (
        sum(of[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)) for of in (zeros, ones)
    )
    return total / (9 if counted else count)


def by_deviation(ddof, epsilon=1e-6):
    apart = X - X.mean(-1, keepdims=True)
    divisor = X.std(-1, keepdims=True, ddof=ddof) + epsilon
    return apart / divisor * NORM["gamma"] + NORM["beta"]


def dropped(x):
    return np.where(np.random.default_rng(1).random(x.shape) < 0.5, 0, 2 * x)


CASES = {
    "the padding before axes 1, 2 is 1, 1 here and 0, 0 there": Case(
        x=IMAGE, one=convolved(1), other=convolved(0), weights=CONV
    ),
    "padding is by zeros here and a reflection there": Case(
        x=IMAGE, one=convolved(1), other=convolved(1, mode="reflect"), weights=CONV
    ),
    "the kernel is as it is here and turned by 180 degrees there": Case(
        x=IMAGE,
        one=convolved(1),
        other=convolved(1, CONV["kernel"][::-1, ::-1]),
        weights=CONV,
    ),
    "it takes the mean with its padding here and the mean without its padding there": (
        Case(x=IMAGE, one=averaged(counted=True), other=averaged(counted=False))
    ),
    "axes 1, 2 each have 1 more padding before it there": Case(
        x=IMAGE, one=IMAGE[:, 1:, 1:], other=IMAGE[:, :-1, :-1]
    ),
    "the batch is taken for time there": Case(
        x=X,
        one=lstm(),
        other=formulas.lstm(X.swapaxes(0, 1), *LSTM.values(), FUNCTIONS["sigmoid"]).swapaxes(0, 1),
        weights=LSTM,
    ),
    "the variance is unbiased here and biased there": (
        Case(x=X, one=by_deviation(1), other=by_deviation(0), weights=NORM)
    ),
    "epsilon is added to the deviation here and to the variance there": (
        Case(x=X, one=by_deviation(0), other=normalized(1e-6, -1), weights=NORM)
    ),
    "dropout with rate 0.5 is on here": Case(x=IMAGE, one=dropped(X), other=X),
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
    "axis 1 has 1 more padding before it here": Case(
        x=IMAGE, one=shifted(1)[0], other=shifted(1)[1]
    ),
    "the numbers there are 0.5 times those here": Case(x=IMAGE, one=X, other=0.5 * X),
    "axis 1 is the other way round": Case(x=IMAGE, one=X, other=X[:, ::-1]),
    "dropout with rate 0.25 is on there": Case(
        x=IMAGE, one=X, other=np.where(RNG.random(X.shape) < 0.25, 0, X / 0.75)
    ),
}


@pytest.mark.parametrize("told", CASES)
def test_a_cause_is_named(told):
    assert cause(CASES[told]) == told


def test_nothing_is_named_where_nothing_fits():
    assert cause(Case(x=X, one=X, other=X + RNG.normal(size=X.shape))) == ""
    far = normalized(1e-3) + 1e-7  # as far from each hypothesis as float32 is
    assert cause(Case(x=X, one=normalized(1e-5), other=far, weights=NORM)) == ""


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
        (
            IMAGE.max((1, 2)),
            np.maximum(IMAGE, 0).mean((1, 2)),
            "it is the largest of relu here and the mean over space or time of relu there",
        ),
        (
            IMAGE.transpose(0, 3, 1, 2).reshape(3, 64, 4),
            IMAGE.reshape(3, 64, 4),
            "reshaped, where channels come first here and last there",
        ),
        (
            np.pad(IMAGE, [(0, 0), (2, 1), (0, 0), (0, 0)]),
            IMAGE,
            "axis 1 gets 2 before and 1 after here, none there",
        ),
        (IMAGE, IMAGE + 1e-3 * RNG.normal(size=IMAGE.shape), ""),
    ],
)
def test_what_happens_between_layers(one, other, told):
    found = between(IMAGE, one, other)
    assert told in found
    assert bool(found) == bool(told)


def test_functions_between_layers_are_found_from_what_each_side_has():
    rng = np.random.default_rng(0)
    before = tuple(rng.standard_normal((2, 4, 5)) for _ in range(2))
    one, other = FUNCTIONS["gelu by erf"](before[0]), FUNCTIONS["gelu by tanh"](before[1])
    told = "between the layers, it is gelu by erf here and gelu by tanh there"
    assert applied(before, one, other) == told
    assert applied(before, one, FUNCTIONS["gelu by erf"](before[1])) == ""
    assert applied(before, one, other + 1) == ""


def test_what_is_no_number_on_one_side_alone_is_a_difference():
    whole, none = np.ones((2, 3)), np.full((2, 3), np.nan)
    assert _difference(whole, none) == np.inf
    assert _difference(none, none) == 0
    packed = np.array([[1.0, 2.0, np.nan], [1.0, np.nan, np.nan]])
    assert _difference(packed, np.array([[1.0, 2.0, 7.0], [1.0, 7.0, 7.0]])) == 0
    assert _difference(np.ones((2, 3)), packed) == np.inf
    assert _apart({"a": whole}, {"a": none}) == np.inf


def test_a_layer_of_another_form_than_its_formula_has_no_cause():
    weights = {"kernel": np.ones((4, 6)), "recurrent_kernel": np.ones((3, 6)), "bias": np.ones(6)}
    assert cause(Case(x=X, one=X[..., :3], other=X[..., :3] ** 2, weights=weights)) == ""


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (lambda one: 0 * one, "no gradient flows back there"),
        (lambda one: -2 * one, "the gradient of its input is -2 times as large there"),
        (np.tanh, "the gradient of its input is another one"),
    ],
)
def test_a_gradient_of_an_input_differs_in_a_way_that_is_told(other, told):
    one = np.random.default_rng(0).normal(size=(3, 4))
    found = alone._backwards("fc", {"back/fc": one}, {"back/fc": other(one)})
    assert found.startswith("it leaves the same, but ")
    assert found.endswith(told)
    assert alone._backwards("fc", {"back/fc": 0 * one}, {"back/fc": one}).endswith(" here")


def test_numbers_are_moved_so_that_no_two_are_equal():
    for x in (np.zeros((3, 4)), np.ones((2, 5))):
        assert np.unique(alone._moved(x)).size == x.size
        assert np.abs(alone._moved(x) - x).max() < 0.05
