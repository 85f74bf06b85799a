"""What a recurrent layer does otherwise: gates, activations, steps, its first state."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import permutations, product

import numpy as np

from compare.proof.causes.case import Case
from compare.proof.causes.formulas import (
    FUNCTIONS,
    gru,
    gru_step,
    lstm,
    same,
    sigmoid,
    simple,
    turned,
)
from problems import Array

STATES = 1e-9  # relative: of a cell that is computed back from what an LSTM leaves


def _of_gru(case: Case) -> Iterator[str]:
    """Gates of a GRU in another order, its reset or its update otherwise."""
    kernel, recurrent = case.weights.get("kernel"), case.weights.get("recurrent_kernel")
    if kernel is None or recurrent is None or case.x.ndim != 3:
        return
    units = recurrent.shape[0]
    if recurrent.shape[1] != 3 * units:
        return
    bias = case.weights.get("bias", np.zeros(3 * units))
    runs: list[tuple[dict[str, str], Array]] = []
    for order in permutations(range(3)):
        k, r, b = (turned(one, order, units) for one in (kernel, recurrent, bias))
        gates = ", ".join("zrh"[order.index(block)] for block in range(3))
        for after, keeps in product((True, False), repeat=2):
            told = {
                "gates in the order": gates,
                "the reset": f"{'after' if after else 'before'} the matrix",
                "the update gate times": f"the {'old' if keeps else 'new'} state",
            }
            runs.append((told, gru(case.x, k, r, b, after=after, keeps=keeps)))
    yield from _pairs(case, runs)


def _pairs(case: Case, runs: list[tuple[dict[str, str], Array]]) -> Iterator[str]:
    """Yield in what two runs differ, of all steps or the last, that are the two sides' numbers."""
    for what, part in (("all steps", slice(None)), ("the last step", -1)):
        ours = [told for told, h in runs if same(h[:, part], case.one)]
        theirs = [told for told, h in runs if same(h[:, part], case.other)]
        differing = [
            [(key, here[key], there[key]) for key in here if here[key] != there[key]]
            for here, there in product(ours, theirs)
        ]
        least = min((one for one in differing if one), key=len, default=[])
        if least and [key for key, _, _ in least] != ["the reset"]:  # causes.py tells of that
            told = "; ".join(f"{key} {here} here, {there} there" for key, here, there in least)
            yield f"{what}: {told}"


def _of_begun(case: Case) -> Iterator[str]:
    """A recurrent layer whose state begins at 0 on one side only."""
    kernel, recurrent = case.weights.get("kernel"), case.weights.get("recurrent_kernel")
    if kernel is None or recurrent is None or case.x.ndim != 3 or case.one.ndim != 3:
        return
    gates = recurrent.shape[1] // recurrent.shape[0]
    bias = case.weights.get("bias", np.zeros(recurrent.shape[1]))
    if case.x.shape[1] < 4 or case.one.shape != case.other.shape:
        return
    usual: Array
    if gates == 4:
        usual = lstm(case.x, kernel, recurrent, bias, sigmoid)
        follows = _follows_lstm
    elif gates == 3:
        usual = gru(case.x, kernel, recurrent, bias, after=True, keeps=True)
        follows = _follows_gru
    else:
        usual = simple(case.x, kernel, recurrent, bias, np.tanh)
        follows = _follows_simple
    if usual.shape != case.one.shape:
        return
    for zero, other, here, there in (
        (case.other, case.one, "not 0 here", "0 there"),
        (case.one, case.other, "0 here", "not 0 there"),
    ):
        begun = same(usual, zero) and not same(usual[:, 0], other[:, 0])
        if begun and follows(case.x, other, kernel, recurrent, bias):
            yield f"the first state is {here} and {there}; each step follows from the last"


def _follows_simple(x: Array, h: Array, kernel: Array, recurrent: Array, bias: Array) -> bool:
    return same(np.tanh(x[:, 1:] @ kernel + h[:, :-1] @ recurrent + bias), h[:, 1:])


def _follows_gru(x: Array, h: Array, kernel: Array, recurrent: Array, bias: Array) -> bool:
    first, second = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    for t in range(1, x.shape[1]):
        step = gru_step(
            x[:, t], h[:, t - 1], kernel, recurrent, first, second, after=True, keeps=True
        )
        if not same(step, h[:, t]):
            return False
    return True


def _follows_lstm(x: Array, h: Array, kernel: Array, recurrent: Array, bias: Array) -> bool:
    """Say whether steps follow from each other: the cell is what the output gate has let out."""
    i, f, g, o = np.split(x[:, 1:] @ kernel + h[:, :-1] @ recurrent + bias, 4, axis=-1)
    let = h[:, 1:] / sigmoid(o)
    if np.abs(let).max() >= 1:
        return False
    c = np.arctanh(let)
    next_one = sigmoid(f[:, 1:]) * c[:, :-1] + sigmoid(i[:, 1:]) * np.tanh(g[:, 1:])
    return bool(np.abs(next_one - c[:, 1:]).max() <= STATES * np.abs(c).max())


def _of_recurrent(case: Case) -> Iterator[str]:
    """Gates in another order, another recurrent activation, the reset of a GRU at another place."""
    kernel, recurrent = case.weights.get("kernel"), case.weights.get("recurrent_kernel")
    if kernel is None or recurrent is None or case.x.ndim != 3:
        return
    units = recurrent.shape[0]
    gates = recurrent.shape[1] // units
    bias = case.weights.get("bias", np.zeros(gates * units))
    runs: dict[str, Array] = {}
    run: Callable[[Array], Array]  # as it is in both frameworks
    if gates == 4:
        run = partial(lstm, kernel=kernel, recurrent=recurrent, bias=bias, sigmoid=sigmoid)
        runs["recurrent activation sigmoid"] = run(case.x)
        for name, hard in _hard():
            runs[f"recurrent activation {name}"] = lstm(case.x, kernel, recurrent, bias, hard)
        for order in permutations(range(4)):
            if order != (0, 1, 2, 3):
                k, r, b = (turned(one, order, units) for one in (kernel, recurrent, bias))
                names = ", ".join("ifgo"[i] for i in order)
                runs[f"gates in the order {names}"] = lstm(case.x, k, r, b, sigmoid)
    elif gates == 3:
        run = partial(gru, kernel=kernel, recurrent=recurrent, bias=bias, after=True, keeps=True)
        runs["the reset after the matrix"] = run(case.x)
        before = gru(case.x, kernel, recurrent, bias, after=False, keeps=True)
        runs["the reset before the matrix"] = before
    else:
        run = partial(simple, kernel=kernel, recurrent=recurrent, bias=bias, f=np.tanh)
        runs["activation tanh"] = run(case.x)
        runs["activation relu"] = simple(case.x, kernel, recurrent, bias, FUNCTIONS["relu"])
    for what, part in (("all steps", slice(None)), ("the last step", -1)):
        ours = next((name for name, h in runs.items() if same(h[:, part], case.one)), "")
        theirs = next((name for name, h in runs.items() if same(h[:, part], case.other)), "")
        if ours and theirs and ours != theirs:
            yield f"{what}: {ours} here, {theirs} there"
    usual = next(iter(runs.values()))
    back = usual[:, ::-1]
    by_batch = run(case.x.swapaxes(0, 1)).swapaxes(0, 1)
    for first, second, where in ((case.one, case.other, "there"), (case.other, case.one, "here")):
        if same(first, usual[:, -1]) and any(same(second, h) for h in (usual[:, 0], back[:, -1])):
            yield f"the first step is taken for the last one {where}"
        for part in (slice(None), -1):
            if same(first, usual[:, part]) and same(second, by_batch[:, part]):
                yield f"the batch is taken for time {where}"


def _hard() -> tuple[tuple[str, Callable[[Array], Array]], ...]:
    return tuple((name, FUNCTIONS[name]) for name in ("hard_sigmoid", "hard_sigmoid of 0.2 x"))


# The more special ones first.
HYPOTHESES = (_of_gru, _of_begun, _of_recurrent)
