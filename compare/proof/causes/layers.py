"""Why a layer is wrong by itself."""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from math import prod

import numpy as np

from compare.proof.causes import recurrent, windows
from compare.proof.causes.between import changed
from compare.proof.causes.case import Case, listed
from compare.proof.causes.formulas import FUNCTIONS, same, softmax
from problems import Array

EPSILONS = (1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12, 1e-4, 1e-2, 0.0)


def cause(case: Case) -> str:
    """Return the first cause that fits; empty if none does, or if the two do not differ."""
    if same(case.one, case.other):
        return ""
    for hypothesis in HYPOTHESES:
        try:
            if told := next(hypothesis(case), ""):
                return told
        except (ValueError, IndexError):  # a layer whose weights its formula is not made for
            continue
    return ""


def _of_padding(case: Case) -> Iterator[str]:
    """An embedding that leaves 0 for an entry on one side."""
    table = case.weights.get("embeddings")
    if table is None or case.one.shape != case.other.shape or case.one.ndim != case.x.ndim + 1:
        return
    for entry in np.unique(case.x):
        at = case.x == entry
        if at.all() or not same(case.one[~at], case.other[~at]):
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
        shares = softmax(np.where(mask, scores / divisor, -1e300)) * mask
        by = "" if divisor != 1 else ", of products that are not scaled"
        runs[f"{name}{by}"] = shares @ v  # of no step at all: 0
        runs[f"{name}{by}, or the mean where there is none"] = (
            softmax(np.where(mask, scores / divisor, -1e300)) @ v
        )
    ours = next((name for name, array in runs.items() if same(array, case.one)), "")
    theirs = next((name for name, array in runs.items() if same(array, case.other)), "")
    if ours and theirs and ours != theirs:
        yield f"each step sees {ours} here, and {theirs} there"


def _epsilon(case: Case) -> Iterator[str]:
    """Another epsilon of a normalization, or the variance with another divisor."""
    gamma, beta = case.weights.get("gamma"), case.weights.get("beta")
    if gamma is None and beta is None and "moving_variance" not in case.weights:
        return
    found = dict(_normalized(case.x, case.weights))
    ours = next((name for name, array in found.items() if same(array, case.one)), None)
    theirs = next((name for name, array in found.items() if same(array, case.other)), None)
    if ours and theirs and ours != theirs:
        told = (
            f"it is {ours[0]} here and {theirs[0]} there",
            f"the variance is {ours[1]} here and {theirs[1]} there",
            f"epsilon is added to the {ours[2]} here and to the {theirs[2]} there",
            f"epsilon is {ours[3]:g} here and {theirs[3]:g} there",
        )
        yield next(told[i] for i in range(4) if ours[i] != theirs[i])


def _normalized(
    x: Array, weights: Mapping[str, Array]
) -> Iterator[tuple[tuple[str, str, str, float], Array]]:
    """Yield what normalizations leave: what, its variance, what epsilon is added to, epsilon."""
    gamma, beta = weights.get("gamma", np.ones(())), weights.get("beta", np.zeros(()))
    mean, variance = weights.get("moving_mean", 0.0), weights.get("moving_variance", 1.0)
    kinds: list[tuple[str, str, Array, Array]] = [
        ("a normalization by averages", "", np.asarray(mean), np.asarray(variance))
    ]
    for what, axes in (
        ("a normalization over channels", (-1,)),
        ("a normalization over all but the batch", tuple(range(1, x.ndim))),
        ("a normalization of the batch", tuple(range(x.ndim - 1))),
        ("a normalization over space", tuple(range(1, x.ndim - 1))),
    ):
        if axes:
            m, v = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
            n = prod(x.shape[axis] for axis in axes)
            kinds.append((what, "biased", m, v))
            if n > 1:
                kinds.append((what, "unbiased", m, v * n / (n - 1)))
    square = np.square(x).mean(-1, keepdims=True)
    kinds.append(("a normalization by the root mean square", "", np.zeros(()), square))
    for what, kind, m, v in kinds:
        for epsilon in EPSILONS:
            with np.errstate(divide="ignore", invalid="ignore"):
                divisors = {"variance": np.sqrt(v + epsilon), "deviation": np.sqrt(v) + epsilon}
                for where, divisor in divisors.items():
                    y = (x - m) / divisor * gamma + beta
                    if y.shape == x.shape:
                        yield (what, kind, where, epsilon), y


def _of_functions(case: Case) -> Iterator[str]:
    """Another activation, or none."""
    before = _before(case)
    for inner in before:
        found = {name: f(inner) for name, f in FUNCTIONS.items()}
        ours = next((name for name, array in found.items() if same(array, case.one)), "")
        theirs = next((name for name, array in found.items() if same(array, case.other)), "")
        if ours and theirs and ours != theirs:
            yield f"the activation is {ours} here and {theirs} there"


def _before(case: Case) -> list[Array]:
    """Return what an activation may have been applied to: the input, or a product with weights."""
    found = [case.x] if case.x.shape == case.one.shape else []
    kernel = None if "recurrent_kernel" in case.weights else case.weights.get("kernel")
    if kernel is not None and kernel.ndim == 2 and case.x.shape[-1] == kernel.shape[0]:
        bias = case.weights.get("bias", np.zeros(kernel.shape[1]))
        found += [case.x @ kernel + bias, case.x @ kernel]
        if kernel.shape[0] == kernel.shape[1]:
            found.append(case.x @ kernel.T + bias)
    return [one for one in found if one.shape == case.one.shape]


def _shifted(case: Case) -> Iterator[str]:
    """Padding on another side, or other numbers at the border."""
    one, other = case.one, case.other
    if one.shape != other.shape or one.ndim < 3:
        return
    space = tuple(range(1, one.ndim - 1))
    every = [(axis,) for axis in space] + [space] * (len(space) > 1)
    for axes, by in product(every, (1, 2)):
        if all(one.shape[axis] > 2 * by for axis in axes):
            begins, ends = (
                tuple(cut if axis in axes else slice(None) for axis in range(one.ndim))
                for cut in (slice(None, -by), slice(by, None))
            )
            told = f"axis {axes[0]} has" if len(axes) == 1 else f"axes {listed(axes)} each have"
            for first, second, where in ((one, other, "there"), (other, one, "here")):
                if same(first[begins], second[ends]):
                    yield f"{told} {by} more padding before it {where}"
    inner = tuple(slice(1, -1) if 0 < i < one.ndim - 1 else slice(None) for i in range(one.ndim))
    if all(size > 4 for size in one.shape[1:-1]) and same(one[inner], other[inner]):
        yield "only the border differs: look at what the padding is filled with, and what counts it"


def _output_changed(case: Case) -> Iterator[str]:
    yield from changed(case.one, case.other)


HYPOTHESES: tuple[Callable[[Case], Iterator[str]], ...] = (
    *recurrent.HYPOTHESES[:-1],
    _of_padding,
    _of_attention,
    _epsilon,
    _of_functions,
    recurrent.HYPOTHESES[-1],
    *windows.HYPOTHESES,
    _shifted,
    _output_changed,
)
