"""The losses in Keras, as `problems.Loss` defines them.

What has no weights is Keras's own, where it has such a loss of logits and class indices. Keras
divides what is weighted by the number of elements, or, by "mean_with_sample_weight", by the sum of
the weights given, which need not be one for each element: so the divisor is written out here.
"""

from collections.abc import Callable, Set
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from backends._registry import KERAS_DEFAULTS, own_loss
from backends.keras._device import absolute, flatten_at_zero
from problems import Data, Loss, Part, Problem
from problems._loss import by_output

Elements = Callable[[Any, Any], Any]  # (outputs, targets) -> loss of each element


class Elementwise(keras.losses.Loss):
    """The mean of a loss of each element, by the weights of examples and classes.

    What is masked is said by the weights alone: the mask that Keras has with an output, which 3.15
    counts, is not looked at.
    """

    def __init__(
        self, elements: Elements, class_weights: Callable | None = None, own: bool = False
    ) -> None:
        super().__init__()
        self.elements, self.class_weights, self.own = elements, class_weights, own

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the loss of a batch, a scalar."""
        y_pred = ops.convert_to_tensor(y_pred)
        y_true, weights = ops.convert_to_tensor(y_true), sample_weight
        if "int" not in keras.backend.standardize_dtype(y_true.dtype):
            y_true = ops.cast(y_true, y_pred.dtype)
        losses = self.elements(y_pred, y_true)
        if not ops.is_tensor(losses):
            raise ValueError(f"loss(outputs, targets): expected a tensor, came {losses!r:.60}")
        if weights is not None:
            weights = ops.convert_to_tensor(weights, y_pred.dtype)
        if self.class_weights is not None:
            of_class = self.class_weights(y_true)
            weights = of_class if weights is None else of_class * _spread(weights, of_class)
        if weights is None:
            return ops.mean(losses)
        if not _covers(losses.shape, weights.shape):
            shapes = f"{tuple(losses.shape)} cannot be weighted by {tuple(weights.shape)}"
            raise ValueError(f"a loss {shapes}: return one for each weight")
        rest = tuple(range(len(weights.shape), len(losses.shape)))
        losses = weights * (ops.mean(losses, rest) if rest else losses)
        if self.own:
            return ops.mean(losses)
        return ops.divide_no_nan(ops.sum(losses), ops.sum(weights))


def make(problem: Problem, kept: Set[str], *, weighted: bool) -> list[Any]:
    """Return what `compile` takes: the loss of a problem's recipe, or several and their weights.

    `weighted` says whether examples have weights. In native mode all is as Keras has it.
    """
    losses, native = problem.recipe.losses, kept.issuperset(KERAS_DEFAULTS)

    def made(loss: Loss) -> keras.losses.Loss:
        return _make(loss, problem, weighted=weighted, own="divisor" in kept, native=native)

    if isinstance(losses, Loss):
        return [made(losses)]
    weights = {name: loss.weight for name, loss in losses.items()}
    return [{name: made(loss) for name, loss in losses.items()}, weights]


def weighted(data: Data) -> bool:
    """Say whether some examples have weights."""
    return any(part.weight is not None for part in data.values())


def evaluated(problem: Problem, made: list[Any], part: Part, outputs: Any) -> Any:
    """Return the loss of a batch, given what `make` returned for it and the network's outputs."""
    if isinstance(problem.recipe.losses, Loss):
        return made[0](part.y, outputs, part.weight)
    return sum(
        loss.weight * made[0][name](y, output, weight)
        for name, loss, (y, output, weight) in by_output(
            problem.recipe.losses, part.y, outputs, part.weight
        )
    )


def _make(
    loss: Loss, problem: Problem, *, weighted: bool, own: bool, native: bool
) -> keras.losses.Loss:
    if loss.name == "own":
        return Elementwise(own_loss("keras", problem.name), own=own)
    smoothed = loss.name == "cross_entropy" and loss.label_smoothing  # Keras has none for indices
    if loss.name in PLAIN and not (weighted or loss.class_weights or smoothed):
        made = PLAIN[loss.name](loss)
        if not native:
            flatten_at_zero(made)
        return made
    by_class = CLASS_WEIGHTS.get(loss.name) if loss.class_weights else None
    elements = ELEMENTS[loss.name]
    if loss.name == "mean_absolute_error" and native:
        elements = _absolute_error
    return Elementwise(partial(elements, loss), by_class and partial(by_class, loss), own)


def _covers(losses: tuple, weights: tuple) -> bool:
    """Say whether losses have the axes of weights first; TensorFlow knows no size of a batch."""
    pairs = zip(losses, weights, strict=False)
    return len(losses) >= len(weights) and all(n in (m, None) for n, m in pairs)


def _spread(weights, like):
    """Return weights with axes of size 1 in place of those that they lack."""
    while len(weights.shape) < len(like.shape):
        weights = ops.expand_dims(weights, -1)
    return weights


# differs: Keras expects probabilities by default; logits are safer, and all that torch takes
PLAIN = {
    "cross_entropy": lambda _: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "binary_cross_entropy": lambda loss: keras.losses.BinaryCrossentropy(
        from_logits=True, label_smoothing=loss.label_smoothing
    ),
    "mean_squared_error": lambda _: keras.losses.MeanSquaredError(),
    "mean_absolute_error": lambda _: keras.losses.MeanAbsoluteError(),
    "huber": lambda loss: keras.losses.Huber(loss.delta),
}


def _cross_entropy(loss: Loss, logits, classes):
    if not loss.label_smoothing:
        return ops.sparse_categorical_crossentropy(classes, logits, from_logits=True)
    # only here: Keras smooths no class indices
    y = ops.one_hot(classes, logits.shape[-1], dtype=logits.dtype)
    return keras.losses.categorical_crossentropy(
        y, logits, from_logits=True, label_smoothing=loss.label_smoothing
    )


def _binary_cross_entropy(loss: Loss, logits, y):
    if loss.label_smoothing:
        y = y * (1 - loss.label_smoothing) + 0.5 * loss.label_smoothing
    return ops.binary_crossentropy(y, logits, from_logits=True)


def _absolute_error(_: Loss, outputs, y):
    return ops.abs(outputs - y)


def _kl_divergence(_: Loss, logits, y):
    # differs: Keras's takes probabilities, and cuts them off at 1e-7
    return ops.sum(y * (ops.log(ops.where(y > 0, y, 1)) - ops.log_softmax(logits)), axis=-1)


ELEMENTS: dict[str, Callable] = {
    "cross_entropy": _cross_entropy,
    "binary_cross_entropy": _binary_cross_entropy,
    "mean_squared_error": lambda _, outputs, y: ops.square(outputs - y),
    "mean_absolute_error": lambda _, outputs, y: absolute(outputs - y),
    "huber": lambda loss, outputs, y: keras.losses.huber(
        y[..., None], outputs[..., None], loss.delta
    ),
    "kl_divergence": _kl_divergence,
}
# The weight of each element, by its target.
CLASS_WEIGHTS = {
    "cross_entropy": lambda loss, classes: ops.take(_vector(loss), classes),
    "binary_cross_entropy": lambda loss, y: (1 - y) * _vector(loss)[0] + y * _vector(loss)[1],
}


def _vector(loss: Loss) -> np.ndarray:
    return np.array(loss.class_weights, keras.config.floatx())
