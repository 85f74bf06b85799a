"""The losses in PyTorch, as `problems.Loss` defines them.

A loss is called with outputs, targets and weights, or None for these, and returns a scalar.
"""

from collections.abc import Callable, Mapping, Set
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from backends._registry import own_loss
from backends.pytorch import _device
from problems import Loss, Problem

LossOf = Callable[..., Tensor]  # (outputs, targets, weights=None) -> scalar
Reduced = Callable[[Tensor, Tensor, str], Tensor]  # by reduction: "none" is of each element
SMALLEST = torch.finfo(torch.float32).tiny  # a sum of weights that is 0 becomes this: 0 / 0 is 0


def make(problem: Problem, kept: Set[str]) -> LossOf:
    """Return the loss of a problem's recipe; if the default "divisor" is kept, by PyTorch's own."""
    losses, own = problem.recipe.losses, "divisor" in kept
    if isinstance(losses, Loss):
        return _make(losses, problem, own)
    each = {name: (loss.weight, _make(loss, problem, own)) for name, loss in losses.items()}
    return partial(_sum, each)


def weighted_mean(losses: Tensor, weights: Tensor) -> Tensor:
    """Return sum(weight * loss) / sum(weight); weights may lack some of the last axes of losses."""
    weighted = (weights * _mean_of_rest(losses, weights)).sum()
    return weighted / weights.sum().clamp(min=SMALLEST)


def mean_of_weighted(losses: Tensor, weights: Tensor) -> Tensor:
    """Return the mean of weight * loss: the divisor is the number of elements."""
    return (weights * _mean_of_rest(losses, weights)).mean()


def _mean_of_rest(losses: Tensor, weights: Tensor) -> Tensor:
    """Return losses with one number for each weight: the mean over the axes that weights lack."""
    if losses.shape[: weights.ndim] != weights.shape:
        shapes = f"{tuple(losses.shape)} cannot be weighted by {tuple(weights.shape)}"
        raise ValueError(f"a loss {shapes}: return one for each weight")
    return losses.flatten(weights.ndim).mean(-1) if losses.ndim > weights.ndim else losses


def _sum(each: Mapping[str, tuple[float, LossOf]], outputs, targets, weights=None) -> Tensor:
    """Return the sum of weight * loss over the outputs by name."""
    weights = weights or {}
    return sum(
        weight * loss_of(outputs[name], targets[name], weights.get(name))
        for name, (weight, loss_of) in each.items()
    )


def _make(loss: Loss, problem: Problem, own: bool) -> LossOf:
    """Return one loss; `own` leaves it PyTorch's divisor."""
    by_class = None if loss.class_weights is None else _vector(loss.class_weights)
    if own and loss.name == "cross_entropy":
        reduced: Reduced = partial(_cross_entropy, loss.label_smoothing, by_class)
        by_class = None  # within
    elif loss.name == "own":
        reduced = partial(_own, own_loss("pytorch", problem.name))
    else:
        reduced = MADE[loss.name](loss)
    mean = mean_of_weighted if own else weighted_mean
    class_weights = CLASS_WEIGHTS.get(loss.name)

    def loss_of(outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        if weights is None and by_class is None:
            return reduced(outputs, targets, "mean")
        losses = reduced(outputs, targets, "none")
        if by_class is not None:
            of_class = class_weights(by_class, targets)
            weights = of_class if weights is None else of_class * _spread(weights, of_class)
        return mean(losses, weights)

    return loss_of


def _vector(numbers: tuple[float, ...]) -> Tensor:
    return torch.tensor(numbers, dtype=torch.get_default_dtype(), device=_device.device)


def _spread(weights: Tensor, like: Tensor) -> Tensor:
    """Return weights with axes of size 1 in place of those that they lack."""
    return weights.reshape(weights.shape + (1,) * (like.ndim - weights.ndim))


def _cross_entropy(
    smoothing: float, by_class: Tensor | None, logits: Tensor, classes: Tensor, reduction: str
) -> Tensor:
    """Return the cross-entropy of classes (n, ...) under logits (n, ..., class)."""
    # differs: torch takes the class axis second, (n, class, ...)
    losses = F.cross_entropy(
        logits.flatten(0, -2),
        classes.flatten(),
        weight=by_class,
        reduction=reduction,
        label_smoothing=smoothing,
    )
    return losses if reduction == "mean" else losses.view_as(classes)


def _binary_cross_entropy(smoothing: float, logits: Tensor, y: Tensor, reduction: str) -> Tensor:
    if smoothing:  # only here: torch has none for two classes
        y = y * (1 - smoothing) + 0.5 * smoothing
    return F.binary_cross_entropy_with_logits(logits, y, reduction=reduction)


def _kl_divergence(logits: Tensor, y: Tensor, reduction: str) -> Tensor:
    # differs: torch's "mean" divides by the classes, too
    losses = F.kl_div(F.log_softmax(logits, -1), y, reduction="none").sum(-1)
    return losses.mean() if reduction == "mean" else losses


def _own(loss: Callable[[Tensor, Tensor], Tensor], outputs, targets, reduction: str) -> Tensor:
    losses = loss(outputs, targets)
    if not torch.is_tensor(losses):
        raise ValueError(f"loss(outputs, targets): expected a tensor, came {losses!r:.60}")
    return losses.mean() if reduction == "mean" else losses


def _named(function: Callable[..., Tensor], **options) -> Reduced:
    return lambda outputs, y, reduction: function(outputs, y, reduction=reduction, **options)


MADE: dict[str, Callable[[Loss], Reduced]] = {
    "cross_entropy": lambda loss: partial(_cross_entropy, loss.label_smoothing, None),
    "binary_cross_entropy": lambda loss: partial(_binary_cross_entropy, loss.label_smoothing),
    "mean_squared_error": lambda _: _named(F.mse_loss),
    "mean_absolute_error": lambda _: _named(F.l1_loss),
    "huber": lambda loss: _named(F.huber_loss, delta=loss.delta),
    "kl_divergence": lambda _: _kl_divergence,
}
# The weight of each element, by the weights of the classes and the targets.
CLASS_WEIGHTS = {
    "cross_entropy": lambda by_class, classes: by_class[classes],
    "binary_cross_entropy": lambda by_class, y: (1 - y) * by_class[0] + y * by_class[1],
}
