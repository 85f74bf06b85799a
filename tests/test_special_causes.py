"""Causes of few layers are named where their numbers agree, and nothing where none does."""

import numpy as np
import pytest

from compare.proof.causes import between, formulas
from compare.proof.causes.case import Case
from compare.proof.causes.layers import cause
from compare.proof.causes.training import _of_penalties

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 6, 4))
IMAGE = RNG.normal(size=(3, 8, 8, 2))


def recurrent(gates):
    return {
        "kernel": RNG.normal(size=(4, gates * 3)),
        "recurrent_kernel": RNG.normal(size=(3, gates * 3)),
        "bias": RNG.normal(size=gates * 3),
    }


SIMPLE, GRU, LSTM = (recurrent(gates) for gates in (1, 3, 4))


def gru(*, after=True, keeps=True, order=(0, 1, 2)):
    weights = (formulas.turned(one, order, 3) for one in GRU.values())
    return formulas.gru(X, *weights, after=after, keeps=keeps)


def later(run):
    """Return what a layer leaves that has seen two steps before, which the others have not."""
    before = RNG.normal(size=(5, 2, 4))
    return run(np.concatenate([before, X], 1))[:, 2:]


def simple(x):
    return formulas.simple(x, *SIMPLE.values(), np.tanh)


def lstm(x):
    return formulas.lstm(x, *LSTM.values(), formulas.sigmoid)


def causal(mask):
    scores = (X @ QUERY) @ (X @ KEY).swapaxes(1, 2) / 2
    return formulas.softmax(np.where(mask, scores, -1e9)) * mask @ (X @ VALUE)


QUERY, KEY, VALUE = RNG.normal(size=(3, 4, 4))
ATTENTION = {"query": QUERY, "key": KEY, "value": VALUE}
BELOW = np.tril(np.ones((6, 6), bool))
IDS = RNG.integers(0, 4, size=(5, 6))
ROWS = RNG.normal(size=(4, 3))
ZEROED = ROWS * (np.arange(4) != 0)[:, None]
BEGUN = "the first state is {} and {}; each step follows from the last"

CASES = {
    "all steps: gates in the order r, z, h here, z, r, h there": (
        Case(x=X, one=gru(order=(1, 0, 2)), other=gru(), weights=GRU)
    ),
    "the last step: the update gate times the old state here, the new state there": (
        Case(x=X, one=gru()[:, -1], other=gru(keeps=False)[:, -1], weights=GRU)
    ),
    BEGUN.format("not 0 here", "0 there"): (
        Case(x=X, one=later(simple), other=simple(X), weights=SIMPLE)
    ),
    BEGUN.format("0 here", "not 0 there"): Case(x=X, one=lstm(X), other=later(lstm), weights=LSTM),
    "entry 0 is a row of its own here and 0 there: a padding index": (
        Case(x=IDS, one=ROWS[IDS], other=ZEROED[IDS], weights={"embeddings": ROWS})
    ),
    "each step sees itself and the steps before here, and the steps after there": (
        Case(x=X, one=causal(BELOW), other=causal(~BELOW), weights=ATTENTION)
    ),
}


def told(hypotheses, *given):
    return next((one for of in hypotheses for one in of(*given)), "")


@pytest.mark.parametrize("words", CASES)
def test_a_cause_is_named(words):
    assert cause(CASES[words]) == words


@pytest.mark.parametrize("words", CASES)
def test_nothing_is_named_where_nothing_fits(words):
    case = CASES[words]
    other = case.other + RNG.normal(size=case.other.shape)
    other_case = Case(x=case.x, one=case.one, other=other, weights=case.weights)
    assert cause(other_case) == ""
    same = Case(x=case.x, one=case.one, other=case.one, weights=case.weights)
    assert cause(same) == ""


def resized(name):
    rows = between.RESIZED[name](8, 4)
    return np.einsum("yh,nhwc,xw->nyxc", rows, IMAGE, rows)


ENDED = np.where(np.arange(6)[None, :, None] < np.array([6, 3, 2, 5, 6])[:, None, None], X, np.nan)
REPEATED = np.stack(
    [one[np.minimum(np.arange(6), n - 1)] for one, n in zip(X, (6, 3, 2, 5, 6), strict=True)]
)


@pytest.mark.parametrize(
    ("before", "one", "other", "words"),
    [
        (IMAGE, IMAGE / 4, IMAGE / 2 - 1, "it is 0.25 x +0 here and 0.5 x -1 there"),
        (
            ENDED,
            np.nan_to_num(ENDED).mean(1),
            REPEATED.mean(1),
            "the mean over time: steps after the end are 0 here and the last output again there",
        ),
        (
            IMAGE,
            resized("bilinearly and smoothed (antialias)"),
            resized("bilinearly"),
            "the size is changed bilinearly and smoothed (antialias) here and bilinearly there",
        ),
        (IMAGE, IMAGE, IMAGE**2, ""),
        (ENDED, np.nan_to_num(ENDED).mean(1), X.mean(1), ""),
        (IMAGE, resized("bilinearly"), IMAGE[:, ::2, ::2] ** 3, ""),
    ],
)
def test_what_happens_between_layers(before, one, other, words):
    assert told(between.SPECIAL, before, one, other) == words


def test_a_penalty_is_named_by_the_gradients():
    weights = {"kernel": RNG.normal(size=(4, 3)), "bias": RNG.normal(size=3)}
    plain = {name: RNG.normal(size=one.shape) for name, one in weights.items()}
    held = plain | {"kernel": plain["kernel"] + 2 * 0.01 * weights["kernel"]}
    assert [*_of_penalties(weights, plain, held)] == [
        "0.01 times the sum of the squares of kernel is added to the loss there, and not here"
    ]
    assert [*_of_penalties(weights, held, plain)] == [
        "0.01 times the sum of the squares of kernel is added to the loss here, and not there"
    ]
    other = plain | {"kernel": plain["kernel"] + RNG.normal(size=(4, 3))}
    assert [*_of_penalties(weights, plain, other)] == []
    assert [*_of_penalties(weights, plain, plain)] == []
