"""A likely cause in words: what, computed in NumPy, makes two layers' numbers agree to rounding.

Each hypothesis says what one side may do otherwise than the other. The one that turns the numbers
of one side into those of the other is named, with both values. If none does, what was tried is.
Formulas: the documentation of both frameworks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import permutations, product
from math import erf, prod, sqrt

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from problems import Array

CLOSE = 1e-11  # relative: as near as rounding leaves two ways to compute the same in float64
EPSILONS = (1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12, 1e-4, 1e-2, 0.0)
SLOPES = (0.01, 0.2, 0.3, 0.1, 0.25, 0.05)
STRIDES, DILATIONS, WINDOWS = (1, 2, 3, 4), (1, 2), (2, 3, 4, 5)  # that are tried
FILLED = {"constant": "zeros", "reflect": "a reflection", "edge": "its edge", "wrap": "a circle"}
FILTERS, MANY = 4, 10**7  # of a convolution: the first ones are tried, up to so many products


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is known of a pair of layers; arrays are float64, batch first, channels last."""

    x: Array  # the input of both
    one: Array  # what the reference leaves
    other: Array  # what the other side leaves
    weights: Mapping[str, Array] = field(default_factory=dict)  # by Keras's names


def _sigmoid(x: Array) -> Array:
    return 0.5 * (1 + np.tanh(x / 2))


def _softmax(x: Array, axis: int = -1) -> Array:
    powers = np.exp(x - x.max(axis, keepdims=True))
    found: Array = powers / powers.sum(axis, keepdims=True)
    return found


def _gelu(x: Array) -> Array:
    found: Array = 0.5 * x * (1 + np.vectorize(erf)(x / sqrt(2)))
    return found


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "no activation": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
    "log_softmax": lambda x: np.log(_softmax(x)),
    "gelu by erf": _gelu,
    "gelu by tanh": lambda x: 0.5 * x * (1 + np.tanh(sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x * _sigmoid(x),
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


def cause(case: Case) -> str:
    """Return the first cause that fits; empty if none does."""
    for hypothesis in HYPOTHESES:
        for told in hypothesis(case):
            return told
    return ""


def between(before: Array, one: Array, other: Array) -> str:
    """Return what happens otherwise between two layers; empty if nothing that is known does.

    `before` is what the layer before leaves, the same on both sides; `one` and `other` are what the
    next one gets.
    """
    with np.errstate(all="ignore"):
        inner = {name: f(before) for name, f in FUNCTIONS.items()}
    inner = {name: array for name, array in inner.items() if array.shape == before.shape}
    shown = {(name, ""): array for name, array in inner.items()}
    for name, array in inner.items() if before.ndim > 2 else ():
        axes = tuple(range(1, before.ndim - 1))
        shown[name, "the last step"], shown[name, "the first step"] = array[:, -1], array[:, 0]
        shown[name, "the mean over space or time"] = array.mean(axes)
        shown[name, "the largest"] = array.max(axes)
    ours = [key for key, array in shown.items() if _same(array, one)]
    theirs = [key for key, array in shown.items() if _same(array, other)]
    pairs = [(here, there) for here, there in product(ours, theirs) if here != there]
    if pairs:  # the two that differ least
        here, there = min(pairs, key=lambda pair: pair[0][0] != pair[1][0])
        return f"between the layers, it is {_taken(*here)} here and {_taken(*there)} there"
    for what in (*_orders(before, one, other), *_changed(one, other)):
        return what
    for array in inner.values():
        for what in (*_reshaped(array, one, other), *_padded(array, one, other)):
            return what
    return ""


def _taken(activation: str, taken: str) -> str:
    if not taken:
        return activation
    return taken if activation == "no activation" else f"{taken} of {activation}"


def _reshaped(before: Array, one: Array, other: Array) -> Iterator[str]:
    """The same numbers in another order, as from a reshape of what has channels first."""
    if before.ndim < 3 or one.shape != other.shape or one.size != before.size:
        return
    orders = {"last": before.ravel(), "first": np.moveaxis(before, -1, 1).ravel()}
    for here, there in permutations(orders):
        if _same(one.ravel(), orders[here]) and _same(other.ravel(), orders[there]):
            yield f"reshaped, where channels come {here} here and {there} there"


def _padded(before: Array, one: Array, other: Array) -> Iterator[str]:
    """Zeros that are added at the borders, where the other side adds none or others."""
    if before.ndim < 3:
        return
    ours, theirs = (_zeros_around(before, array) for array in (one, other))
    if ours is None or theirs is None or ours == theirs:
        return
    told = [
        ", ".join(
            f"axis {axis} gets {first} before and {last} after"
            for axis, (first, last) in enumerate(zeros)
            if first or last
        )
        for zeros in (ours, theirs)
    ]
    yield f"zeros between the layers: {told[0] or 'none'} here, {told[1] or 'none'} there"


def _zeros_around(before: Array, array: Array) -> tuple[tuple[int, int], ...] | None:
    """Return how many zeros are added before and after, by axis; None if it is not so."""
    more = np.array(array.shape) - np.array(before.shape) if array.ndim == before.ndim else [-1]
    if min(more) < 0 or more[0] or more[-1] or max(more) > 2 * max(WINDOWS):
        return None
    for first in product(*(range(n + 1) for n in more)):
        zeros = tuple((i, int(n) - i) for i, n in zip(first, more, strict=True))
        if _same(np.pad(before, zeros), array):
            return zeros
    return None


def channels_of(one: Array, other: Array) -> int:
    """Return how many channels come first in `one` and last in `other`; 0 if that is not so.

    Both are rows (n, number) of the same numbers, as Flatten leaves them.
    """
    if one.shape != other.shape or one.ndim != 2:
        return 0
    n, size = one.shape
    for channels in range(2, size):
        if size % channels == 0:
            turned = one.reshape(n, channels, -1).swapaxes(1, 2).reshape(n, -1)
            if _same(turned, other):
                return channels
    return 0


def _orders(before: Array, one: Array, other: Array) -> Iterator[str]:
    """The same numbers in another order, as from Flatten."""
    last = before.shape[-1]
    if not channels_of(one, other):
        return
    here, there = ("first", "last") if channels_of(one, other) == last else ("last", "first")
    yield (
        f"Flatten: the same numbers in another order: channels come {here} here and {there} there"
    )


def _of_functions(case: Case) -> Iterator[str]:
    """Another activation, or none."""
    before = _before(case)
    for inner in before:
        found = {name: f(inner) for name, f in FUNCTIONS.items()}
        ours = next((name for name, array in found.items() if _same(array, case.one)), "")
        theirs = next((name for name, array in found.items() if _same(array, case.other)), "")
        if ours and theirs and ours != theirs:
            yield f"the activation is {ours} here and {theirs} there"


def _changed(one: Array, other: Array) -> Iterator[str]:
    """One side does to its output what the other does not."""
    if one.shape != other.shape:
        return
    for name, function in FUNCTIONS.items():
        if name == "no activation":
            continue
        if _same(function(one), other):
            yield f"{name} is applied there, and not here"
        if _same(function(other), one):
            yield f"{name} is applied here, and not there"
    for axis in range(1, one.ndim):
        if one.shape[axis] > 1 and _same(np.flip(one, axis), other):
            yield f"axis {axis} is the other way round"
    for first in range(one.ndim):
        for second in range(first + 1, one.ndim):
            alike = one.shape[first] == one.shape[second] > 1
            if alike and _same(one.swapaxes(first, second), other):
                yield f"axes {first} and {second} are swapped"
    nonzero = np.abs(one) > 1e-9 * np.abs(one).max(initial=0.0)
    if nonzero.any():
        ratios = other[nonzero] / one[nonzero]
        factor = float(np.median(ratios))
        if np.isfinite(factor) and factor and _same(one * factor, other):
            yield f"what there is is {factor:.6g} times what is here"
    for whole, dropped, where in ((one, other, "there"), (other, one, "here")):
        held = np.abs(whole) > 1e-9 * np.abs(whole).max(initial=0.0)
        ratios = dropped[held] / whole[held]
        kept = np.abs(ratios) > 1e-9
        alike = held.any() and 0.2 < kept.mean() < 1 and np.ptp(ratios[kept]) < 1e-6
        if alike and ratios[kept][0] > 1 + 1e-6:
            yield f"dropout with rate {1 - 1 / ratios[kept][0]:.2g} is on {where}"


def _output_changed(case: Case) -> Iterator[str]:
    yield from _changed(case.one, case.other)


def _epsilon(case: Case) -> Iterator[str]:
    """Another epsilon of a normalization, or the variance with another divisor."""
    gamma, beta = case.weights.get("gamma"), case.weights.get("beta")
    if gamma is None and beta is None and "moving_variance" not in case.weights:
        return
    found = dict(_normalized(case.x, case.weights))
    ours = next((name for name, array in found.items() if _same(array, case.one)), None)
    theirs = next((name for name, array in found.items() if _same(array, case.other)), None)
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
            told = f"axis {axes[0]} has" if len(axes) == 1 else f"axes {_listed(axes)} each have"
            for first, second, where in ((one, other, "there"), (other, one, "here")):
                if _same(first[begins], second[ends]):
                    yield f"{told} {by} more of its padding before it {where}"
    inner = tuple(slice(1, -1) if 0 < i < one.ndim - 1 else slice(None) for i in range(one.ndim))
    if all(size > 4 for size in one.shape[1:-1]) and _same(one[inner], other[inner]):
        yield "only the border differs: look at what the padding is filled with, and what counts it"


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))


Runs = Iterable[tuple[Mapping[str, str], Array]]  # what a layer leaves, and what it is set to


def _of_convolution(case: Case) -> Iterator[str]:
    """A convolution that is padded or dilated otherwise, or whose kernel is turned."""
    kernel = case.weights.get("kernel")
    if kernel is None or not 3 <= kernel.ndim == case.x.ndim == case.one.ndim:
        return
    if kernel.shape[-2:] != (case.x.shape[-1], case.one.shape[-1]):  # transposed, or in groups
        return
    bias = case.weights.get("bias", np.zeros(kernel.shape[-1]))
    few = slice(None, FILTERS)
    part = Case(x=case.x[:1], one=case.one[:1, ..., few], other=case.other[:1, ..., few])
    if part.one.size * prod(kernel.shape[:-1]) < MANY:
        runs = _convolved(part.x, kernel[..., few], bias[few], part.one.shape)
        yield from _told(part, runs)


def _convolved(x: Array, kernel: Array, bias: Array, shape: tuple[int, ...]) -> Runs:
    n = kernel.ndim - 2
    kernels = {"as it is": kernel, "turned by 180 degrees": np.flip(kernel, (*range(n),))}
    for filled, named in FILLED.items():
        for dilation in DILATIONS:
            for told, windows in _windows(x, shape, kernel.shape[:n], dilation, filled):
                for way, turned in kernels.items():
                    axes = ([*range(n + 1, 2 * n + 2)], [n, *range(n)])
                    y = np.tensordot(windows, turned, axes) + bias
                    yield told | {"padding is by": named, "the kernel is": way}, y


def _of_pooling(case: Case) -> Iterator[str]:
    """A pool over other windows, or by another rule."""
    if not case.weights and 3 <= case.x.ndim == case.one.ndim:
        part = Case(x=case.x[:1], one=case.one[:1], other=case.other[:1])
        yield from _told(part, _pooled(part.x, part.one.shape))


def _pooled(x: Array, shape: tuple[int, ...]) -> Runs:
    n = x.ndim - 2
    axes = tuple(range(-n, 0))
    for size in WINDOWS:
        for told, windows in _windows(x, shape, (size,) * n, 1, "nan"):
            own = np.isfinite(windows)
            total, count = np.where(own, windows, 0.0).sum(axes), own.sum(axes)
            if not count.all():  # a window of padding alone
                continue
            for way, y in (
                ("the largest", np.where(own, windows, -np.inf).max(axes)),
                ("the mean with its padding", total / size**n),
                ("the mean without its padding", total / count),
            ):
                yield told | {"windows are of": str(size), "it takes": way}, y


def _windows(
    x: Array, shape: tuple[int, ...], sizes: Sequence[int], dilation: int, filled: str
) -> Iterator[tuple[dict[str, str], Array]]:
    """Yield the windows that make an output of this shape, and where the padding of each begins."""
    axes = tuple(range(1, x.ndim - 1))
    whole = [(size - 1) * dilation + 1 for size in sizes]
    where = f"axes {_listed(axes)}" if axes[1:] else "axis 1"
    for stride in STRIDES:
        spans = [(shape[a] - 1) * stride + window for a, window in zip(axes, whole, strict=True)]
        lacking = [span - x.shape[a] for a, span in zip(axes, spans, strict=True)]
        befores = [
            [n for n in range(window) if -stride < lack - n < window]
            for lack, window in zip(lacking, whole, strict=True)
        ]
        for before in product(*befores):
            pads = [(n, max(lack - n, 0)) for n, lack in zip(before, lacking, strict=True)]
            around = [(0, 0), *pads, (0, 0)]
            padded = (
                np.pad(x, around, constant_values=np.nan)
                if filled == "nan"
                else np.pad(x, around, filled)  # type: ignore[call-overload]  # of FILLED
            )
            found = sliding_window_view(padded, whole, axes)
            steps = [slice(0, stride * (shape[a] - 1) + 1, stride) for a in axes]
            inside = [slice(None, None, dilation)] * len(axes)
            told = {
                "the stride is": str(stride),
                "the dilation is": str(dilation),
                f"the padding before {where} is": _listed(before),
            }
            yield told, found[(slice(None), *steps, slice(None), *inside)]


def _told(case: Case, runs: Runs) -> Iterator[str]:
    """Yield in what the runs of both sides differ: the two that differ least."""
    ours, theirs = [], []
    for told, y in runs:
        ours += [told] if _same(y, case.one) else []
        theirs += [told] if _same(y, case.other) else []
    differing = [
        [
            f"{what} {here[what]} here and {there[what]} there"
            for what in here
            if here[what] != there[what]
        ]
        for here, there in product(ours, theirs)
    ]
    if least := min(filter(None, differing), key=len, default=None):
        yield "; ".join(least)


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
        run = partial(_lstm, kernel=kernel, recurrent=recurrent, bias=bias, sigmoid=_sigmoid)
        runs["recurrent activation sigmoid"] = run(case.x)
        for name, sigmoid in _hard():
            runs[f"recurrent activation {name}"] = _lstm(case.x, kernel, recurrent, bias, sigmoid)
        for order in permutations(range(4)):
            if order != (0, 1, 2, 3):
                k, r, b = (_turned(one, order, units) for one in (kernel, recurrent, bias))
                names = ", ".join("ifgo"[i] for i in order)
                runs[f"gates in the order {names}"] = _lstm(case.x, k, r, b, _sigmoid)
    elif gates == 3:
        run = partial(_gru, kernel=kernel, recurrent=recurrent, bias=bias, after=True)
        runs["the reset after the matrix"] = run(case.x)
        before = _gru(case.x, kernel, recurrent, bias, after=False)
        runs["the reset before the matrix"] = before
    else:
        run = partial(_simple, kernel=kernel, recurrent=recurrent, bias=bias, f=np.tanh)
        runs["activation tanh"] = run(case.x)
        runs["activation relu"] = _simple(case.x, kernel, recurrent, bias, FUNCTIONS["relu"])
    for what, part in (("all steps", slice(None)), ("the last step", -1)):
        ours = next((name for name, h in runs.items() if _same(h[:, part], case.one)), "")
        theirs = next((name for name, h in runs.items() if _same(h[:, part], case.other)), "")
        if ours and theirs and ours != theirs:
            yield f"{what}: {ours} here, {theirs} there"
    usual = next(iter(runs.values()))
    back = usual[:, ::-1]
    turned = run(case.x.swapaxes(0, 1)).swapaxes(0, 1)
    for first, second, where in ((case.one, case.other, "there"), (case.other, case.one, "here")):
        if _same(first, usual[:, -1]) and any(_same(second, h) for h in (usual[:, 0], back[:, -1])):
            yield f"the first step is taken for the last one {where}"
        for part in (slice(None), -1):
            if _same(first, usual[:, part]) and _same(second, turned[:, part]):
                yield f"the batch is taken for time {where}"


def _hard() -> tuple[tuple[str, Callable[[Array], Array]], ...]:
    return tuple((name, FUNCTIONS[name]) for name in ("hard_sigmoid", "hard_sigmoid of 0.2 x"))


def _turned(array: Array, order: tuple[int, ...], units: int) -> Array:
    blocks = [array[..., i * units : (i + 1) * units] for i in order]
    return np.concatenate(blocks, axis=-1)


def _lstm(
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


def _gru(x: Array, kernel: Array, recurrent: Array, bias: Array, after: bool) -> Array:
    """Return all steps of a GRU with Keras's order of gates: update, reset, candidate."""
    first, second = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    h = np.zeros((len(x), recurrent.shape[0]))
    u = recurrent.shape[0]
    steps = []
    for step in x.swapaxes(0, 1):
        given = step @ kernel + first
        own = h @ recurrent + second
        z, r = (_sigmoid(given[:, k : k + u] + own[:, k : k + u]) for k in (0, u))
        before = (r * h) @ recurrent[:, 2 * u :] + second[2 * u :]
        inner = r * own[:, 2 * u :] if after else before
        h = z * h + (1 - z) * np.tanh(given[:, 2 * u :] + inner)
        steps.append(h)
    return np.stack(steps, 1)


def _simple(
    x: Array, kernel: Array, recurrent: Array, bias: Array, f: Callable[[Array], Array]
) -> Array:
    h = np.zeros((len(x), recurrent.shape[0]))
    steps = []
    for step in x.swapaxes(0, 1):
        h = f(step @ kernel + h @ recurrent + bias)
        steps.append(h)
    return np.stack(steps, 1)


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


HYPOTHESES: tuple[Callable[[Case], Iterator[str]], ...] = (
    _epsilon,
    _of_functions,
    _of_recurrent,
    _of_convolution,
    _of_pooling,
    _shifted,
    _output_changed,
)


def of_gradients(one: Mapping[str, Array], other: Mapping[str, Array]) -> str:
    """Return why gradients of the same loss differ; empty if nothing that is known does."""
    shared = [name for name in one if name in other and one[name].shape == other[name].shape]
    apart = [name for name in shared if not _alike(one[name], other[name], one.values())]
    if not apart:
        return ""
    ours, theirs = (np.concatenate([of[name].ravel() for name in shared]) for of in (one, other))
    ours, theirs = np.nan_to_num(ours), np.nan_to_num(theirs)
    if np.abs(ours).max() and np.abs(theirs).max():
        factor = float(theirs @ ours / (ours @ ours))
        if factor and _same(ours * factor, theirs):
            return f"each gradient is {factor:.6g} times as large there"
    stopped = [name for name in apart if not np.abs(np.nan_to_num(other[name])).max(initial=0.0)]
    missing = [name for name in apart if not np.abs(np.nan_to_num(one[name])).max(initial=0.0)]
    for names, where in ((stopped, "there"), (missing, "here")):
        if names:
            return f"no gradient comes to {', '.join(names)} {where}"
    agree = ", ".join(name for name in shared if name not in apart) or "no other"
    return f"the gradients of {', '.join(apart)} differ, and of {agree} agree"


def of_averages(one: Mapping[str, Array], other: Mapping[str, Array]) -> Iterator[str]:
    """Yield why running averages differ after a step: by the share that the new ones have.

    Averages begin at 0, those of variances at 1.
    """
    told: dict[str, list[str]] = {}
    for name in one.keys() & other.keys():
        first = np.float64(name.endswith("variance"))
        ours, theirs = one[name] - first, other[name] - first
        if _same(one[name], other[name]) or not np.abs(ours).max(initial=0.0):
            continue
        ratio = float(theirs.ravel() @ ours.ravel() / (ours.ravel() @ ours.ravel()))
        if ratio and _same(ours * ratio, theirs):
            words = f"a new average counts {ratio:.6g} times as much there: another momentum"
        elif name.endswith("variance"):
            words = "the variance is divided by another number, n or n - 1"
        else:
            words = "its batches have another mean"
        told.setdefault(words, []).append(name)
    for words, names in told.items():
        yield f"{', '.join(sorted(names))}: {words}"


def _alike(one: Array, other: Array, every: Iterable[Array]) -> bool:
    """Say whether gradients agree, by the largest of all."""
    largest = max(float(np.abs(np.nan_to_num(array)).max(initial=0.0)) for array in every)
    away = np.abs(np.nan_to_num(one) - np.nan_to_num(other)).max(initial=0.0)
    return bool(away <= 1e-9 * largest)


def _same(one: Array, other: Array) -> bool:
    if one.shape != other.shape or not one.size:
        return False
    with np.errstate(invalid="ignore"):
        apart = np.abs(one - other).max()
    return bool(apart <= CLOSE * max(np.abs(one).max(), np.abs(other).max()))
