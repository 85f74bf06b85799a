"""What is minimised: the value `Loss`, which targets it takes, and what it is divided by."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from problems._data import Array, Spec
from problems._names import OWN, check_known
from problems._numbers import is_number, simplify, told

# Loss: its options.
OPTIONS: dict[str, tuple[str, ...]] = {
    "cross_entropy": ("label_smoothing", "class_weights"),
    "binary_cross_entropy": ("label_smoothing", "class_weights"),
    "mean_squared_error": (),
    "mean_absolute_error": (),
    "huber": ("delta",),
    "kl_divergence": (),
    OWN: (),
}
LOSSES = tuple(OPTIONS)
SUM = 1e-4  # by how much the sum of probabilities may miss 1: float32 and some arithmetic


@dataclass(frozen=True)
class Loss:
    """A loss with its options, the same on every backend.

    Each is a number per element e, of an output o and a target y of equal shape (n, ...) unless it
    is said otherwise:

    - "mean_squared_error": (o - y)^2.
    - "mean_absolute_error": |o - y|, with slope 0 at 0.
    - "huber": (o - y)^2 / 2 up to |o - y| = delta, then delta (|o - y| - delta / 2).
    - "cross_entropy": -log softmax(o)[y], of logits (n, ..., class) and classes (n, ...), int64.
      With label smoothing s, of C classes, the target is 1 - s + s / C for y and s / C for others.
    - "binary_cross_entropy": -y log p - (1 - y) log(1 - p), with p = sigmoid(o), of logits and
      targets in [0, 1]. With label smoothing s the target is (1 - s) y + s / 2.
    - "kl_divergence": sum of y (log y - log softmax(o)) over the last axis, of logits and
      probabilities, both (n, ..., class). An element is one distribution; y = 0 adds 0.
    - "own": what the function `loss(outputs, targets)` of the twin returns: a number for each
      example (n,) or element (n, ...), or one for the batch. Then nothing can be weighted.

    The loss of a batch is the mean over all elements. Where there are weights it is

        sum(weight * loss) / sum(weight)

    over all elements of the batch; 0 if all of its weights are 0. An element's weight is that of
    its example or step (`Part.weight`, shared by all elements of it), times that of its class:
    class_weights[y]; for "binary_cross_entropy", (1 - y) class_weights[0] + y class_weights[1].
    Class weights come before label smoothing: they go by y as it is. The loss of an epoch, or of
    a part, is the mean over its batches, each counted by its number of examples.

    `weight` is that of this loss among those of several outputs: the loss is then the sum of
    weight * loss over the outputs, each with a divisor of its own.

    Sources: Huber 1964; Szegedy et al. 2016, section 7, for label smoothing.

    Raises:
        ValueError: there is no such loss, or it has no such option, or an option is out of range.
    """

    name: str
    _: KW_ONLY
    weight: float = 1.0
    delta: float | None = None  # of huber; in the targets' unit, 1 if it is not given
    label_smoothing: float = 0.0  # in [0, 1)
    # One per class, in their order; or by class, a dict with all from 0 on.
    class_weights: tuple[float, ...] | Mapping[int, float] | None = None

    def __post_init__(self) -> None:
        simplify(self)
        check_known("loss", self.name, LOSSES)
        if self.class_weights is not None:
            object.__setattr__(self, "class_weights", _numbers(self.name, self.class_weights))
        for option in ("delta", "label_smoothing", "class_weights"):
            if getattr(self, option) not in (None, 0.0) and option not in OPTIONS[self.name]:
                has = ", ".join(OPTIONS[self.name]) or "none"
                raise ValueError(f"loss {self.name}: no option {option}; its options are: {has}")
        if self.name == "huber" and self.delta is None:
            object.__setattr__(self, "delta", 1.0)
        self._check_ranges()

    def _check_ranges(self) -> None:
        for option, value in (("weight", self.weight), ("delta", self.delta)):
            if value is not None and not (is_number(value) and value > 0):
                raise ValueError(
                    f"loss {self.name}: {option}: expected a number above 0, came {told(value)}"
                )
        if not (is_number(self.label_smoothing) and 0 <= self.label_smoothing < 1):
            raise ValueError(
                f"loss {self.name}: label_smoothing: expected a number in [0, 1), "
                f"came {told(self.label_smoothing)}"
            )

    @property
    def text(self) -> str:
        """The loss with its options: "cross_entropy (label_smoothing 0.1)"."""
        options = [
            f"{option} {value:g}" if is_number(value) else f"{option} {value}"
            for option in OPTIONS[self.name]
            if (value := getattr(self, option))
        ]
        options += [f"weight {self.weight:g}"] * (self.weight != 1)
        return f"{self.name} ({', '.join(options)})" if options else self.name

    def check_specs(self, output: Spec, target: Spec) -> None:
        """Raise ValueError unless targets are what the loss compares outputs with."""
        if self.name == OWN:
            return
        classes, of = self.name == "cross_entropy", f"for the loss {self.name}"
        if not output.shape and self.name in ("cross_entropy", "kl_divergence"):
            raise ValueError(f"output: expected an axis of classes {of}, came none")
        expected = output.shape[:-1] if classes else output.shape
        if target.shape != expected:
            raise ValueError(
                f"target: expected shape {expected} {of} of outputs "
                f"{output.shape}, came {target.shape}"
            )
        if classes and target.dtype != "int64":
            raise ValueError(f"target: expected int64 {of}, came {target.dtype}")
        if not classes and target.dtype != "float32":
            raise ValueError(f"target: expected float32 {of}, came {target.dtype}")
        highest = self._highest(output)
        if highest is not None and not (target.low >= 0 and target.high <= highest):
            raise ValueError(
                f"target: expected values in [0, {highest}] {of}, "
                f"came [{target.low}, {target.high}]"
            )
        if self.class_weights is not None and len(self.class_weights) != (
            count := output.shape[-1] if classes else 2
        ):
            raise ValueError(
                f"loss {self.name}: class_weights: expected {count} numbers, one per class, "
                f"came {len(self.class_weights)}"
            )

    def _highest(self, output: Spec) -> int | None:
        """Return the largest target that there may be; None if there is no such limit."""
        if self.name == "cross_entropy":
            return output.shape[-1] - 1
        return 1 if self.name in ("binary_cross_entropy", "kl_divergence") else None

    def check_values(self, y: Array, weight: Array | None, own: Array | None, what: str) -> None:
        """Raise ValueError, naming `what`, unless targets and weights of a part can be used.

        Targets y are (n, ...). A weight has as many of the first axes of an element as it likes.
        `own` are the steps of y (n, time) that are its sequences' own; None if all are.
        """
        sums = (y if own is None else y[own]).sum(-1) if self.name == "kl_divergence" else 1.0
        if not np.allclose(sums, 1, rtol=0, atol=SUM):
            raise ValueError(
                f"{what} target: expected probabilities that sum to 1 over the last axis, "
                f"came sums from {np.min(sums):g} to {np.max(sums):g}"
            )
        if weight is None:
            return
        elements = y.shape[:-1] if self.name == "kl_divergence" else y.shape
        allowed = [elements[:k] for k in range(1, len(elements) + 1)]
        if not isinstance(weight, np.ndarray) or weight.shape not in allowed:
            came = getattr(weight, "shape", type(weight).__name__)
            raise ValueError(f"{what} weight: expected {_either(allowed)}, came {came}")
        if weight.dtype != np.float32:
            raise ValueError(f"{what} weight: expected float32, came {weight.dtype}")
        if not (np.isfinite(weight).all() and (weight >= 0).all() and weight.any()):
            raise ValueError(
                f"{what} weight: expected numbers of 0 or more, not all 0, "
                f"came [{weight.min():g}, {weight.max():g}]"
            )


Losses = Loss | Mapping[str, Loss]  # the loss of the one output, or of each by its name


def losses_of(given: str | Loss | Mapping[str, str | Loss]) -> Losses:
    """Return a recipe's loss as values: a name alone is a loss with the usual options.

    Raises:
        ValueError: there is no such loss, or it cannot be told what is meant.
    """
    if isinstance(given, Mapping):
        if not given:
            raise ValueError("loss: expected one for each output, came none")
        return {name: _loss(one) for name, one in given.items()}
    loss = _loss(given)
    if loss.weight != 1:
        raise ValueError(
            f"loss {loss.name}: weight: it is for several outputs, expected 1, came {loss.weight}"
        )
    return loss


def _loss(given: object) -> Loss:
    if isinstance(given, str):
        return Loss(given)
    if not isinstance(given, Loss):
        raise ValueError(f"loss: expected a name or a Loss, came {told(given)}")
    return given


def by_output(losses: Losses, *of: Any) -> list[tuple[str, Loss, tuple[Any, ...]]]:
    """Return each loss with the name of its output and what each of `of` has for that, or None.

    The name is empty where there is one output.
    """
    if isinstance(losses, Loss):
        return [("", losses, of)]
    return [
        (name, loss, tuple(None if one is None else one.get(name) for one in of))
        for name, loss in losses.items()
    ]


def check_targets(losses: Losses, outputs: Any, targets: Any) -> None:
    """Raise ValueError unless targets are what the losses compare outputs with.

    `outputs` and `targets` are specs, or mappings of specs by the name of an output.
    """
    for what, specs in (("outputs", outputs), ("targets", targets)):
        names, came = (
            ", ".join(sorted(one)) if isinstance(one, Mapping) else "one without a name"
            for one in (losses, specs)
        )
        if names != came:
            raise ValueError(f"loss: expected one for each of the {what} ({came}), came {names}")
    for name, loss, specs in by_output(losses, outputs, targets):
        try:
            loss.check_specs(*specs)
        except ValueError as error:
            raise ValueError(f"{name}: {error}" if name else str(error)) from None


def check_values(
    losses: Losses, targets: Any, weights: Any, own: Mapping[str, Array | None], what: str
) -> None:
    """Raise ValueError, naming `what`, unless a part's targets and weights can be used.

    `own` says by name which steps of each target are its sequences' own; None if all are.
    """
    if isinstance(losses, Mapping) and weights is not None:
        came = ", ".join(weights) if isinstance(weights, Mapping) else type(weights).__name__
        if not isinstance(weights, Mapping) or weights.keys() != losses.keys():
            raise ValueError(f"{what} weight: expected {', '.join(losses)}, came {came}")
    for name, loss, arrays in by_output(losses, targets, weights):
        y, weight = arrays
        if name and weights is not None and weight is None:
            raise ValueError(f"{what} {name} weight: expected an array, came None")
        loss.check_values(y, weight, own[name], f"{what} {name}" if name else what)


def loss_text(losses: Losses) -> str:
    """Return losses with their options, in words."""
    texts = [f"{name}: {one.text}" if name else one.text for name, one, _ in by_output(losses)]
    return "; ".join(texts).replace("_", " ")


def _numbers(name: str, given: object) -> tuple[float, ...]:
    what = f"loss {name}: class_weights"
    if isinstance(given, Mapping):
        if set(given) != set(range(len(given))) or not given:
            raise ValueError(f"{what}: expected all classes from 0 on, came {told(given)}")
        given = [given[one] for one in range(len(given))]
    ordered = isinstance(given, Iterable) and not isinstance(given, Set | str | bytes)
    numbers = list(given) if ordered else []  # type: ignore[call-overload]
    if not (all(is_number(one) and one >= 0 for one in numbers) and any(numbers)):
        raise ValueError(
            f"{what}: expected numbers of 0 or more, not all 0, in the order of the classes, "
            f"came {told(given)}"
        )
    return tuple(map(float, numbers))


def _either(shapes: list[tuple[int, ...]]) -> str:
    return " or ".join(
        f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})" for shape in shapes
    )
