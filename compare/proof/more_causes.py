"""More of what makes two layers' numbers agree to rounding: hypotheses as those of causes.py.

HYPOTHESES are of a layer that is wrong by itself, BETWEEN of what happens before the next one.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import permutations, product

import numpy as np

from compare.proof.causes import Case, _lstm, _same, _sigmoid, _simple, _softmax, _turned
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
        k, r, b = (_turned(one, order, units) for one in (kernel, recurrent, bias))
        gates = ", ".join("zrh"[order.index(block)] for block in range(3))
        for after, keeps in product((True, False), repeat=2):
            told = {
                "gates in the order": gates,
                "the reset": f"{'after' if after else 'before'} the matrix",
                "the update gate times": f"the {'old' if keeps else 'new'} state",
            }
            runs.append((told, _gru(case.x, k, r, b, after=after, keeps=keeps)))
    yield from _pairs(case, runs)


def _gru(
    x: Array, kernel: Array, recurrent: Array, bias: Array, *, after: bool, keeps: bool
) -> Array:
    """Return all steps of a GRU whose gates are update, reset, candidate."""
    first, second = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    u = recurrent.shape[0]
    h = np.zeros((len(x), u))
    steps = []
    for step in x.swapaxes(0, 1):
        h = _gru_step(step, h, kernel, recurrent, first, second, after=after, keeps=keeps)
        steps.append(h)
    return np.stack(steps, 1)


def _gru_step(
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
    u = recurrent.shape[0]
    given, own = step @ kernel + first, h @ recurrent + second
    z, r = (_sigmoid(given[:, k : k + u] + own[:, k : k + u]) for k in (0, u))
    before = (r * h) @ recurrent[:, 2 * u :] + second[2 * u :]
    new = np.tanh(given[:, 2 * u :] + (r * own[:, 2 * u :] if after else before))
    found: Array = z * h + (1 - z) * new if keeps else (1 - z) * h + z * new
    return found


def _pairs(case: Case, runs: list[tuple[dict[str, str], Array]]) -> Iterator[str]:
    """Yield in what two runs differ, of all steps or the last, that are the two sides' numbers."""
    for what, part in (("all steps", slice(None)), ("the last step", -1)):
        ours = [told for told, h in runs if _same(h[:, part], case.one)]
        theirs = [told for told, h in runs if _same(h[:, part], case.other)]
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
        usual = _lstm(case.x, kernel, recurrent, bias, _sigmoid)
        follows = _follows_lstm
    elif gates == 3:
        usual = _gru(case.x, kernel, recurrent, bias, after=True, keeps=True)
        follows = _follows_gru
    else:
        usual = _simple(case.x, kernel, recurrent, bias, np.tanh)
        follows = _follows_simple
    if usual.shape != case.one.shape:
        return
    for zero, other, here, there in (
        (case.other, case.one, "not 0 here", "0 there"),
        (case.one, case.other, "0 here", "not 0 there"),
    ):
        begun = _same(usual, zero) and not _same(usual[:, 0], other[:, 0])
        if begun and follows(case.x, other, kernel, recurrent, bias):
            yield f"the first state is {here} and {there}; each step follows from the last"


def _follows_simple(x: Array, h: Array, kernel: Array, recurrent: Array, bias: Array) -> bool:
    return _same(np.tanh(x[:, 1:] @ kernel + h[:, :-1] @ recurrent + bias), h[:, 1:])


def _follows_gru(x: Array, h: Array, kernel: Array, recurrent: Array, bias: Array) -> bool:
    first, second = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    for t in range(1, x.shape[1]):
        step = _gru_step(
            x[:, t], h[:, t - 1], kernel, recurrent, first, second, after=True, keeps=True
        )
        if not _same(step, h[:, t]):
            return False
    return True


def _follows_lstm(x: Array, h: Array, kernel: Array, recurrent: Array, bias: Array) -> bool:
    """Say whether steps follow from each other: the cell is what the output gate has let out."""
    i, f, g, o = np.split(x[:, 1:] @ kernel + h[:, :-1] @ recurrent + bias, 4, axis=-1)
    let = h[:, 1:] / _sigmoid(o)
    if np.abs(let).max() >= 1:
        return False
    c = np.arctanh(let)
    next_one = _sigmoid(f[:, 1:]) * c[:, :-1] + _sigmoid(i[:, 1:]) * np.tanh(g[:, 1:])
    return bool(np.abs(next_one - c[:, 1:]).max() <= STATES * np.abs(c).max())


def _of_padding(case: Case) -> Iterator[str]:
    """An embedding that leaves 0 for an entry on one side."""
    table = case.weights.get("embeddings")
    if table is None or case.one.shape != case.other.shape or case.one.ndim != case.x.ndim + 1:
        return
    for entry in np.unique(case.x):
        at = case.x == entry
        if at.all() or not _same(case.one[~at], case.other[~at]):
            continue
        zeros = [not np.abs(of[at]).any() for of in (case.one, case.other)]
        if zeros[0] != zeros[1]:
            here, there = ("0" if zero else "a row of its own" for zero in zeros)
            yield f"entry {entry:g} is {here} here and {there} there: a padding index"


def _of_attention(case: Case) -> Iterator[str]:
    """Attention with another mask: single, by three matrices."""
    names = ("query", "key", "value")
    matrices = [case.weights[name] for name in names if name in case.weights]
    if case.x.ndim != 3 or [one.ndim for one in matrices] != [2, 2, 2]:
        return
    q, k, v = (case.x @ one for one in matrices)
    steps = case.x.shape[1]
    below = np.tril(np.ones((steps, steps), bool))
    masks = {
        "all steps": np.ones((steps, steps), bool),
        "itself and the steps before": below,
        "the steps before": np.tril(below, -1),
        "itself and the steps after": below.T,
        "the steps after": ~below,
    }
    scores = q @ k.swapaxes(1, 2)
    runs = {}
    for (name, mask), divisor in product(masks.items(), (np.sqrt(q.shape[-1]), 1.0)):
        shares = _softmax(np.where(mask, scores / divisor, -1e300)) * mask
        by = "" if divisor != 1 else ", of products that are not scaled"
        runs[f"{name}{by}"] = shares @ v  # of no step at all: 0
        runs[f"{name}{by}, or the mean where there is none"] = (
            _softmax(np.where(mask, scores / divisor, -1e300)) @ v
        )
    ours = next((name for name, array in runs.items() if _same(array, case.one)), "")
    theirs = next((name for name, array in runs.items() if _same(array, case.other)), "")
    if ours and theirs and ours != theirs:
        yield f"each step sees {ours} here, and {theirs} there"


HYPOTHESES: tuple[Callable[[Case], Iterator[str]], ...] = (
    _of_gru,
    _of_begun,
    _of_padding,
    _of_attention,
)


def _scaled(before: Array, one: Array, other: Array) -> Iterator[str]:
    """Numbers that are multiplied and shifted otherwise."""
    here, there = (_line(before, of) for of in (one, other))
    if here and there:
        (a, b), (c, d) = here, there
        yield f"it is {a:.6g} x {b:+.6g} here and {c:.6g} x {d:+.6g} there"


def _line(x: Array, y: Array) -> tuple[float, float] | None:
    """Return slope and shift of a line through all pairs of numbers, if there is one."""
    if x.shape != y.shape or not x.size or not np.ptp(x):
        return None
    low, high = np.argmin(x), np.argmax(x)
    slope = float((y.flat[high] - y.flat[low]) / (x.flat[high] - x.flat[low]))
    shift = float(y.flat[low] - slope * x.flat[low])
    return (slope, shift) if _same(slope * x + shift, y) else None


def _filled(before: Array, one: Array, other: Array) -> Iterator[str]:
    """Steps after the end of a sequence: before has no numbers there."""
    after = np.isnan(before)
    if before.ndim != 3 or not after.any():
        return
    repeated = before.copy()
    for step in range(1, before.shape[1]):
        repeated[:, step] = np.where(after[:, step], repeated[:, step - 1], before[:, step])
    kinds = {"0": np.where(after, 0, before), "the last output again": repeated}
    taken: Mapping[str, Callable[[Array], Array]] = {
        "all steps": lambda h: h,
        "the mean over time": lambda h: h.mean(1),
        "the sum over time": lambda h: h.sum(1),
        "the largest": lambda h: h.max(1),
        "the last step": lambda h: h[:, -1],
    }
    for name, of in taken.items():
        found = {kind: of(h) for kind, h in kinds.items()}
        ours = next((kind for kind, array in found.items() if _same(array, one)), "")
        theirs = next((kind for kind, array in found.items() if _same(array, other)), "")
        if ours and theirs and ours != theirs:
            yield f"{name}: steps after the end are {ours} here and {theirs} there"


def _sized(before: Array, one: Array, other: Array) -> Iterator[str]:
    """Images that are made larger or smaller otherwise."""
    if before.ndim != 4 or one.shape != other.shape or one.ndim != 4:
        return
    if before.shape[1:3] == one.shape[1:3]:
        return
    found = {}
    for name, matrix in RESIZED.items():
        rows, columns = (matrix(before.shape[i], one.shape[i]) for i in (1, 2))
        found[name] = np.einsum("yh,nhwc,xw->nyxc", rows, before, columns)
    ours = next((name for name, array in found.items() if _same(array, one)), "")
    theirs = next((name for name, array in found.items() if _same(array, other)), "")
    if ours and theirs and ours != theirs:
        yield f"the size is changed {ours} here and {theirs} there"


def _linear(size: int, to: int, *, smoothed: bool) -> Array:
    """Return what each of `to` numbers takes of `size` ones: shares of the nearest."""
    width = max(size / to, 1.0) if smoothed else 1.0
    centers = (np.arange(to)[:, None] + 0.5) * size / to - 0.5
    if not smoothed:
        centers = np.clip(centers, 0, size - 1)
    shares = np.maximum(1 - np.abs(np.arange(size) - centers) / width, 0)
    found: Array = shares / shares.sum(1, keepdims=True)
    return found


def _aligned(size: int, to: int) -> Array:
    """Return the same, where the first and the last number stay."""
    centers = np.arange(to)[:, None] * (size - 1) / max(to - 1, 1)
    found: Array = np.maximum(1 - np.abs(np.arange(size) - centers), 0)
    return found


def _nearest(size: int, to: int, *, half: bool) -> Array:
    places = np.floor((np.arange(to) + half / 2) * size / to).astype(int)
    found: Array = np.eye(size)[np.clip(places, 0, size - 1)]
    return found


RESIZED: Mapping[str, Callable[[int, int], Array]] = {
    "bilinearly": lambda size, to: _linear(size, to, smoothed=False),
    "bilinearly and smoothed (antialias)": lambda size, to: _linear(size, to, smoothed=True),
    "bilinearly with the corners aligned": _aligned,
    "to the nearest": lambda size, to: _nearest(size, to, half=False),
    "to the nearest of centers": lambda size, to: _nearest(size, to, half=True),
}

# Of what a layer leaves, the same on both sides, and of what the next one gets, here and there.
BETWEEN: tuple[Callable[[Array, Array, Array], Iterator[str]], ...] = (_scaled, _filled, _sized)


def of_penalties(
    weights: Mapping[str, Array], one: Mapping[str, Array], other: Mapping[str, Array]
) -> Iterator[str]:
    """Yield which weights are held small by the loss on one side: by gradients of both."""
    for name in one.keys() & other.keys() & weights.keys():
        more, weight = other[name] - one[name], weights[name]
        if more.shape != weight.shape or not np.isfinite([*more.flat, *weight.flat]).all():
            continue
        if np.abs(more).max(initial=0.0) <= 1e-9 * max(np.abs(one[name]).max(initial=0.0), 1e-30):
            continue
        for kind, slope in (("squares", 2 * weight), ("absolute values", np.sign(weight))):
            if not np.abs(slope).any():
                continue
            factor = float(more.ravel() @ slope.ravel() / (slope.ravel() @ slope.ravel()))
            rest = np.abs(more - factor * slope).max()
            if rest <= 1e-9 * np.abs(one[name]).max():
                where = "there, and not here" if factor > 0 else "here, and not there"
                yield (
                    f"{abs(factor):.6g} times the sum of the {kind} of {name} is added to the loss "
                    f"{where}"
                )
                break


def cause(case: Case) -> str:
    """Return the first of HYPOTHESES that fits; empty if none does."""
    return next((told for of in HYPOTHESES for told in of(case)), "")


def between(before: Array, one: Array, other: Array) -> str:
    """Return the first of BETWEEN that fits; empty if none does."""
    return next((told for of in BETWEEN for told in of(before, one, other)), "")
