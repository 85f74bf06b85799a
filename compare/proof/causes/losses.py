"""Which loss it is that gives such a number, of those that are known; imports no framework.

Each side's loss of the same outputs and targets is compared with every known form of a loss: the
one that agrees to rounding says what that side computes. Formulas: the documentation of both
frameworks.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import product

import numpy as np

from compare.proof.causes.formulas import log_softmax, sigmoid, softmax
from problems import Array

Told = dict[str, object]  # what a loss is, part by part
CLOSE = 1e-10  # relative
EPSILON = 1e-7  # Keras's: by how much probabilities are kept from 0 and 1
SMOOTHING = (0.1, 0.2, 0.05)
DELTAS = (1.0, 0.1, 0.5, 1.345)


def _clipped(p: Array) -> Array:
    return np.clip(p, EPSILON, 1 - EPSILON)


def _normalized(p: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = _clipped(p) / _clipped(p).sum(-1, keepdims=True)
    return found


def _log(p: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(p)


# What outputs are taken for: logarithms of the probabilities of classes.
CLASSES: dict[str, Callable[[Array], Array]] = {
    "logits": log_softmax,
    "probabilities": lambda o: _log(_normalized(o)),
    "probabilities, not scaled to a sum of 1": lambda o: _log(_clipped(o)),
    "logits, after a softmax": lambda o: log_softmax(softmax(o)),
    "logarithms of probabilities": lambda o: o,
}
# The same of one class of two: its probability.
BITS: dict[str, Callable[[Array], Array]] = {
    "logits": sigmoid,
    "probabilities": _clipped,
    "logits, after a sigmoid": lambda o: sigmoid(sigmoid(o)),
}
REDUCED: dict[str, Callable[[Array, int], Array]] = {
    "the mean over all elements": lambda losses, n: losses.mean(),
    "the sum": lambda losses, n: losses.sum(),
    "the sum, divided by the examples": lambda losses, n: losses.sum() / n,
    "the mean, divided by the examples": lambda losses, n: losses.mean() / n,
    "half the mean": lambda losses, n: losses.mean() / 2,
    "half the sum": lambda losses, n: losses.sum() / 2,
    "the root of the mean": lambda losses, n: np.sqrt(np.abs(losses.mean())),
}


def forms(
    outputs: Array, targets: Array, options: Mapping[str, object]
) -> Iterator[tuple[Told, float]]:
    """Yield every known loss of outputs (n, ...) for targets, with what it is.

    `options` are settings of the losses, such as a label smoothing or weights of classes.
    """
    n = len(outputs)
    for told, losses, weights in _elements(outputs, targets, options):
        for name, reduced in REDUCED.items():
            yield told | {"it is": name}, float(reduced(losses, n))
        if weights is not None:
            weighted = losses * weights
            of = told | {"class weights": "applied"}
            yield of | {"it is": "the sum, divided by the weights"}, _over(weighted, weights.sum())
            for name, reduced in REDUCED.items():
                yield of | {"it is": name}, float(reduced(weighted, n))


def _over(losses: Array, divisor: float) -> float:
    return float(losses.sum() / divisor) if divisor else np.nan


def _elements(
    o: Array, y: Array, options: Mapping[str, object]
) -> Iterator[tuple[Told, Array, Array | None]]:
    """Yield the losses of the elements by every formula, and weights of theirs, if there are."""
    smoothings = {0.0, *SMOOTHING, *_numbers(options.get("label smoothing"))}
    by_class = np.array(list(_numbers(options.get("class weights"))))
    if y.dtype.kind == "f":
        yield from _of_numbers(o, y, smoothings, by_class)
    if o.ndim >= 1 and y.shape == o.shape[:-1] and (y == np.round(y)).all() and y.min() >= 0:
        classes = y.astype(int)
        if classes.max() < o.shape[-1]:
            hot = np.eye(o.shape[-1])[classes]
            weights = by_class[classes] if len(by_class) == o.shape[-1] else None
            yield from _of_classes(o, hot, smoothings, weights)
    elif y.shape == o.shape and np.allclose(y.sum(-1), 1) and o.shape[-1] > 1:
        weights = y @ by_class if len(by_class) == o.shape[-1] else None
        yield from _of_classes(o, y, smoothings, weights)


def _of_classes(
    o: Array, hot: Array, smoothings: set[float], weights: Array | None
) -> Iterator[tuple[Told, Array, Array | None]]:
    n = hot.shape[-1]
    for (taken, log), smoothing in product(CLASSES.items(), smoothings):
        spreads = {"": hot * (1 - smoothing) + smoothing / n}
        if smoothing and n > 1:
            others = (1 - hot) * smoothing / (n - 1)
            spreads = {
                "over all classes": spreads[""],
                "over the other classes": hot * (1 - smoothing) + others,
            }
        for spread, target in spreads.items():
            told: Told = {"the loss": "cross-entropy", "outputs are taken for": taken}
            told |= {"label smoothing": f"{smoothing:g} {spread}".strip()}
            yield told, -(target * log(o)).sum(-1), weights


def _of_numbers(
    o: Array, y: Array, smoothings: set[float], by_class: Array
) -> Iterator[tuple[Told, Array, Array | None]]:
    aligned = {"": y} if y.shape == o.shape else {}
    if o.ndim == y.ndim + 1 and o.shape[-1] == 1 and o.shape[:-1] == y.shape:
        aligned = {"": y[..., None], "(n, n), as shapes (n, 1) and (n,) are broadcast": y}
    elif y.ndim == o.ndim + 1 and y.shape[-1] == 1 and y.shape[:-1] == o.shape:
        aligned = {"": y[..., 0], "(n, n), as shapes (n,) and (n, 1) are broadcast": y}
    for shape, target in aligned.items():
        least: Told = {"differences are": shape} if shape else {}
        away = o - target
        yield least | {"the loss": "squared differences"}, np.square(away), None
        yield least | {"the loss": "absolute differences"}, np.abs(away), None
        for delta in DELTAS:
            inner = np.minimum(np.abs(away), delta)
            huber = inner * (np.abs(away) - inner / 2)
            yield least | {"the loss": "Huber's", "delta": delta}, huber, None
            told: Told = {"the loss": "Huber's, divided by its delta", "delta": delta}
            yield least | told, huber / delta, None
        if target.min() >= 0 and target.max() <= 1:
            for (taken, p_of), smoothing in product(BITS.items(), smoothings):
                smoothed = {f"{smoothing:g}": target * (1 - smoothing) + smoothing / 2}
                if smoothing:
                    smoothed[f"{smoothing:g} of 1 alone"] = target * (1 - smoothing)
                for spread, t in smoothed.items():
                    p = p_of(o)
                    told = {"the loss": "binary cross-entropy", "outputs are taken for": taken}
                    told |= {"label smoothing": spread}
                    losses = -(t * _log(p) + (1 - t) * _log(1 - p))
                    weights = (
                        (1 - target) * by_class[0] + target * by_class[1]
                        if len(by_class) == 2
                        else None
                    )
                    yield told | least, losses, weights


def _numbers(value: object) -> tuple[float, ...]:
    if isinstance(value, int | float):
        return (float(value),)
    return tuple(map(float, value)) if isinstance(value, list | tuple) else ()


def cause(
    one: float, other: float, outputs: Array, targets: Array, options: Mapping[str, object]
) -> str:
    """Return why two losses of the same outputs and targets differ; empty if no form fits both.

    Of several that fit a side, those are taken that have most in common.
    """
    if not np.isfinite([one, other]).all():
        return ""
    known = [*forms(outputs, targets, options)]
    ours = [told for told, value in known if _same(value, one)]
    theirs = [told for told, value in known if _same(value, other)]
    pairs = [
        (differing, here, there)
        for here, there in product(ours, theirs)
        if (differing := [key for key in here | there if here.get(key) != there.get(key)])
    ]
    if pairs:
        differing, here, there = min(pairs, key=lambda pair: len(pair[0]))
        return _told(here, there, differing)
    return _ratio(one, other, outputs, targets)


def _told(here: Told, there: Told, differing: list[str]) -> str:
    lacking = {"class weights": "not applied", "differences are": "element by element"}
    return "; ".join(
        f"{key} {here.get(key, lacking.get(key, 'none'))} here and "
        f"{there.get(key, lacking.get(key, 'none'))} there"
        for key in differing
    )


def _ratio(one: float, other: float, outputs: Array, targets: Array) -> str:
    """Return what is known of a loss that is a simple multiple of the other."""
    if not one or not other:
        return ""
    ratio, n = other / one, len(outputs)
    sizes = {"examples": n, "numbers of an example": outputs[0].size, "numbers": outputs.size}
    if outputs.ndim > 2:
        sizes["steps"] = outputs.shape[1]
    for what, size in sizes.items():
        for factor, where in ((ratio, "there"), (1 / ratio, "here")):
            if size > 1 and np.isclose(factor, size, rtol=1e-9):
                return f"a sum in place of a mean over the {size} {what} {where}"
    for factor in (2.0, 0.5):
        if np.isclose(ratio, factor, rtol=1e-9):
            return f"the loss is {factor:g} times as large there"
    return ""


def _same(one: float, other: float) -> bool:
    return bool(np.isfinite(one) and abs(one - other) <= CLOSE * max(abs(one), abs(other)))
