"""What happens otherwise between two layers, where the first leaves the same on both sides."""

from collections.abc import Callable, Iterator, Mapping
from itertools import permutations, product

import numpy as np

from compare.proof.causes.formulas import FUNCTIONS, same
from problems import Array

ZEROS = 10  # that are added at most, before or after: what is tried


def between(before: Array, one: Array, other: Array) -> str:
    """Return what happens otherwise between two layers; empty if nothing that is known does.

    `before` is what the layer before leaves, the same on both sides; `one` and `other` are what the
    next one gets.
    """
    for hypothesis in SPECIAL:
        for what in hypothesis(before, one, other):
            return what
    if told := applied((before, before), one, other):
        return told
    inner = _activated(before)
    for what in (*_orders(before, one, other), *changed(one, other)):
        return what
    for array in inner.values():
        for what in (*_reshaped(array, one, other), *_padded(array, one, other)):
            return what
    return ""


def applied(before: tuple[Array, Array], one: Array, other: Array) -> str:
    """Return which functions are applied between two layers, where they are not the same.

    `before` is what the layer before leaves on each side. That may differ, for each side's function
    is found from its own.
    """
    found = []
    for left, got in zip(before, (one, other), strict=True):
        shown = {(name, ""): array for name, array in _activated(left).items()}
        for name, array in _activated(left).items() if left.ndim > 2 else ():
            axes = tuple(range(1, left.ndim - 1))
            shown[name, "the last step"], shown[name, "the first step"] = array[:, -1], array[:, 0]
            shown[name, "the mean over space or time"] = array.mean(axes)
            shown[name, "the largest"] = array.max(axes)
        found.append([key for key, array in shown.items() if same(array, got)])
    if set(found[0]) & set(found[1]):
        return ""
    # Of several that fit, the two that differ least.
    pairs = sorted(product(*found), key=lambda pair: pair[0][0] != pair[1][0])
    for here, there in pairs[:1]:
        return f"between the layers, it is {_taken(*here)} here and {_taken(*there)} there"
    return ""


def _activated(before: Array) -> dict[str, Array]:
    with np.errstate(all="ignore"):
        found = {name: f(before) for name, f in FUNCTIONS.items()}
    return {name: array for name, array in found.items() if array.shape == before.shape}


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
        if same(one.ravel(), orders[here]) and same(other.ravel(), orders[there]):
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
    if min(more) < 0 or more[0] or more[-1] or max(more) > ZEROS:
        return None
    for first in product(*(range(n + 1) for n in more)):
        zeros = tuple((i, int(n) - i) for i, n in zip(first, more, strict=True))
        if same(np.pad(before, zeros), array):
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
            if same(turned, other):
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


def changed(one: Array, other: Array) -> Iterator[str]:
    """One side does to its output what the other does not."""
    if one.shape != other.shape:
        return
    for name, function in FUNCTIONS.items():
        if name == "no activation":
            continue
        with np.errstate(all="ignore"):
            theirs, ours = function(one), function(other)
        if same(theirs, other):
            yield f"{name} is applied there, and not here"
        if same(ours, one):
            yield f"{name} is applied here, and not there"
    for axis in range(1, one.ndim):
        if one.shape[axis] > 1 and same(np.flip(one, axis), other):
            yield f"axis {axis} is the other way round"
    for first in range(one.ndim):
        for second in range(first + 1, one.ndim):
            alike = one.shape[first] == one.shape[second] > 1
            if alike and same(one.swapaxes(first, second), other):
                yield f"axes {first} and {second} are swapped"
    nonzero = np.abs(one) > 1e-9 * np.abs(one).max(initial=0.0)
    if nonzero.any():
        ratios = other[nonzero] / one[nonzero]
        factor = float(np.median(ratios))
        if np.isfinite(factor) and factor and same(one * factor, other):
            yield f"the numbers there are {factor:.6g} times those here"
    for whole, dropped, where in ((one, other, "there"), (other, one, "here")):
        held = np.abs(whole) > 1e-9 * np.abs(whole).max(initial=0.0)
        ratios = dropped[held] / whole[held]
        kept = np.abs(ratios) > 1e-9
        alike = held.any() and 0.2 < kept.mean() < 1 and np.ptp(ratios[kept]) < 1e-6
        if alike and ratios[kept][0] > 1 + 1e-6:
            yield f"dropout with rate {1 - 1 / ratios[kept][0]:.2g} is on {where}"


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
    return (slope, shift) if same(slope * x + shift, y) else None


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
        ours = next((kind for kind, array in found.items() if same(array, one)), "")
        theirs = next((kind for kind, array in found.items() if same(array, other)), "")
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
    ours = next((name for name, array in found.items() if same(array, one)), "")
    theirs = next((name for name, array in found.items() if same(array, other)), "")
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

# Those that only fit what is as they say; they come first.
SPECIAL: tuple[Callable[[Array, Array, Array], Iterator[str]], ...] = (_scaled, _filled, _sized)
