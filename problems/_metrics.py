"""Metrics in NumPy, one meaning for every backend. Each takes (answers, targets), both (n, ...).

Each is of the whole part of the data at once, never a mean of batches: a mean of the batches' F1 is
another number. Classes are those that the logits have. A ratio of nothing is 0: the precision of a
class that was never predicted, the recall of one that does not occur, F1 where it is neither.
scikit-learn says the same with `labels=range(classes), zero_division=0`, and is the tests' oracle.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from problems._data import Array, Spec
from problems._numbers import check_whole

Measure = Callable[[Array, Array], float]


def check_fit(measure: Measure, output: Spec, target: Spec) -> None:
    """Raise ValueError unless a measure of this file can compare an output with a target.

    A measure of one's own may do what it likes.
    """
    classes = getattr(measure, "least_classes", None)
    if classes is not None:
        _check_shapes(classes, output.shape, target.shape, target.dtype)
    if classes:
        _check_classes(target.low, target.high, output.shape[-1])


def _check_shapes(
    classes: int, answers: tuple[int, ...], targets: tuple[int, ...], dtype: Any
) -> None:
    """Raise ValueError where NumPy would stretch (n,) and (n, 1) to (n, n), and score that."""
    if classes and not answers:
        raise ValueError("expected answers with an axis of classes, came none")
    expected = answers[:-1] if classes else answers
    if targets != expected:
        raise ValueError(f"expected targets of shape {expected}, came {targets}")
    if classes and not np.issubdtype(dtype, np.integer):
        raise ValueError(f"expected targets that are classes, such as int64, came {dtype}")
    if classes and answers[-1] < classes:
        raise ValueError(
            f"a metric of one class: expected a class from 0 to {answers[-1] - 1}, "
            f"came {classes - 1}"
        )


def _check_classes(low: float, high: float, n: int) -> None:
    if low < 0 or high >= n:
        raise ValueError(f"expected classes from 0 to {n - 1}, came {low if low < 0 else high}")


def _checked(measure: Measure, classes: int) -> Measure:
    """Return a measure that refuses what it cannot compare.

    `classes` is how many there have to be; 0 for a measure that compares equal shapes.
    """

    @wraps(measure)
    def checked(answers: Array, targets: Array) -> float:
        _check_shapes(classes, answers.shape, targets.shape, targets.dtype)
        if classes:
            _check_classes(targets.min(initial=0), targets.max(initial=0), answers.shape[-1])
        return measure(answers, targets)

    checked.least_classes = classes  # type: ignore[attr-defined]
    return checked


def _of_classes(measure: Measure, least: int = 1) -> Measure:
    """Have a measure refuse what are no classes of the answers."""
    return _checked(measure, least)


def _of_equal(measure: Measure) -> Measure:
    """Have a measure refuse targets of another shape than the answers."""
    return _checked(measure, 0)


@_of_classes
def accuracy(logits: Array, classes: Array) -> float:
    """Return the fraction of classes (n, ...) that have the largest logit (n, ..., class)."""
    return float(np.mean(logits.argmax(-1) == classes))


def top_accuracy(k: int) -> Measure:
    """Return a metric: the fraction of classes (n, ...) among the `k` largest logits.

    Of equal logits (n, ..., class), that of the lower class is the larger one, as in `accuracy`.

    Raises:
        ValueError: `k` is no whole number above 0.
    """
    check_whole("top_accuracy", k)

    @_of_classes
    def measure(logits: Array, classes: Array) -> float:
        if k > logits.shape[-1]:
            raise ValueError(
                f"top_accuracy({k}): expected as many classes, came {logits.shape[-1]}"
            )
        largest = np.argsort(-logits.astype(np.float64), axis=-1, kind="stable")[..., :k]
        return float(np.mean(np.any(largest == classes[..., None], axis=-1)))

    return measure


@_of_classes
def sequence_accuracy(logits: Array, classes: Array) -> float:
    """Return the fraction of sequences (n, time) wholly right; logits are (n, time, class)."""
    right = logits.argmax(-1) == classes
    return float(np.mean(right.reshape(len(right), -1).all(axis=1)))


@_of_equal
def binary_accuracy(logits: Array, bits: Array) -> float:
    """Return the fraction of 0/1 targets (n, ...) on whose side the logit (n, ...) is."""
    return float(np.mean((logits > 0) == (bits > 0.5)))


@_of_equal
def binary_sequence_accuracy(logits: Array, bits: Array) -> float:
    """Return the fraction of examples (n, ...) with every bit right."""
    right = (logits > 0) == (bits > 0.5)
    return float(np.mean(right.reshape(len(right), -1).all(axis=1)))


@_of_equal
def binary_precision(logits: Array, bits: Array) -> float:
    """Return the fraction of 1s among the targets (n, ...) whose logit (n, ...) is above 0."""
    return float(_precision(*_counts(logits > 0, bits > 0.5, 2))[1])


@_of_equal
def binary_recall(logits: Array, bits: Array) -> float:
    """Return the fraction of the 1s among 0/1 targets (n, ...) whose logit (n, ...) is above 0."""
    return float(_recall(*_counts(logits > 0, bits > 0.5, 2))[1])


@_of_equal
def binary_f1(logits: Array, bits: Array) -> float:
    """Return the harmonic mean of the precision and the recall of the 1s, see above."""
    return float(_f1(*_counts(logits > 0, bits > 0.5, 2))[1])


def precision_of(one: int) -> Measure:
    """Return a metric: the precision of one class of many.

    That is the fraction of the targets (n, ...) that are of the class, among those where it has the
    largest logit (n, ..., class). The metric raises ValueError where there is no such class.
    """
    return _of_class("precision_of", one, _precision)


def recall_of(one: int) -> Measure:
    """Return a metric: the recall of one class of many, also called the accuracy of that class.

    That is the fraction of the targets (n, ...) of the class for which it has the largest logit
    (n, ..., class). The metric raises ValueError where there is no such class.
    """
    return _of_class("recall_of", one, _recall)


def f1_of(one: int) -> Measure:
    """Return a metric: the harmonic mean of the precision and the recall of one class of many.

    The metric raises ValueError where there is no such class.
    """
    return _of_class("f1_of", one, _f1)


@_of_classes
def macro_precision(logits: Array, classes: Array) -> float:
    """Return the mean over all classes of their precision; logits (n, ..., class) as above."""
    return float(np.mean(_precision(*_of_logits(logits, classes))))


@_of_classes
def macro_recall(logits: Array, classes: Array) -> float:
    """Return the mean over all classes of their recall; logits (n, ..., class) as above.

    Where every class occurs, it is the balanced accuracy.
    """
    return float(np.mean(_recall(*_of_logits(logits, classes))))


@_of_classes
def macro_f1(logits: Array, classes: Array) -> float:
    """Return the mean over all classes of their F1, which is not the F1 of the means."""
    return float(np.mean(_f1(*_of_logits(logits, classes))))


@_of_equal
def roc_auc(logits: Array, bits: Array) -> float:
    """Return how likely a 1 has a larger logit (n, ...) than a 0 of the targets (n, ...) has.

    Of a pair with equal logits a half counts. It is the area under the ROC curve, computed from the
    sum of the ranks of the 1s, as in the test of Mann and Whitney; equal logits share the mean of
    their ranks.

    Raises:
        ValueError: all targets are the same, so that there is no pair.
    """
    ones = (bits > 0.5).ravel()
    n = int(ones.sum())
    if n in (0, ones.size):
        raise ValueError(f"roc_auc: expected 0 and 1 among the targets, came {int(n > 0)} alone")
    _, place, counts = np.unique(logits.ravel(), return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    above = ranks[place][ones].sum() - n * (n + 1) / 2
    return float(above / n / (ones.size - n))


# These score whole sequences, which cannot be told any more where they have lengths.
OF_SEQUENCES = (sequence_accuracy, binary_sequence_accuracy)


@_of_equal
def mean_absolute_error(outputs: Array, targets: Array) -> float:
    """Return the mean of |output - target| over everything, in the targets' unit."""
    return float(np.mean(np.abs(outputs - targets), dtype=np.float64))


@_of_equal
def mean_squared_error(outputs: Array, targets: Array) -> float:
    """Return the mean of (output - target)^2 over everything, in the targets' unit squared."""
    return float(np.mean(np.square(np.subtract(outputs, targets, dtype=np.float64))))


@_of_equal
def root_mean_squared_error(outputs: Array, targets: Array) -> float:
    """Return the root of the mean squared error, in the targets' unit."""
    return float(np.sqrt(mean_squared_error(outputs, targets)))


def _counts(predicted: Array, true: Array, n: int) -> tuple[Array, Array, Array]:
    """Return of each of `n` classes how often it was predicted rightly, predicted, and true."""
    predicted, true = (array.ravel().astype(np.int64) for array in (predicted, true))
    chosen = (true[predicted == true], predicted, true)
    right, said, there = (np.bincount(array, minlength=n) for array in chosen)
    return right, said, there


def _of_logits(logits: Array, classes: Array) -> tuple[Array, Array, Array]:
    return _counts(logits.argmax(-1), classes, logits.shape[-1])


def _ratio(part: Array, whole: Array) -> Array:
    """Return part / whole, 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def _precision(right: Array, said: Array, _: Array) -> Array:
    return _ratio(right, said)


def _recall(right: Array, _: Array, there: Array) -> Array:
    return _ratio(right, there)


def _f1(right: Array, said: Array, there: Array) -> Array:
    return _ratio(2 * right, said + there)


def _of_class(name: str, one: int, score: Callable[[Any, Any, Any], Array]) -> Measure:
    check_whole(f"{name}: class", one, least=0)

    def measure(logits: Array, classes: Array) -> float:
        return float(score(*_of_logits(logits, classes))[one])

    return _of_classes(measure, one + 1)
