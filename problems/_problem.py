"""The values that define a problem: specs, recipe, metrics. Frozen, and NumPy only."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Predict = Callable[[Array], Array]  # inputs (n, ...) -> outputs (n, ...)


def sized(axes: str) -> dict[str, int]:
    """Return the sizes in an axes text: "time=5 symbol=10" -> {"time": 5, "symbol": 10}."""
    return {name: int(size) for name, size in re.findall(r"(\w+)=(\d+)", axes)}


def shape(axes: str, **sizes: int) -> tuple[int, ...]:
    """Return the shape that an axes text stands for.

    An axis is `name=size`, a bare name looked up in `sizes`, or names folded into one axis:
    "batch*time height=49 unit" with batch=2, time=5, unit=3 is (10, 49, 3).

    Raises:
        ValueError: an axis has no size.
    """
    known = sizes | sized(axes)
    folded = [re.sub(r"=\d+", "", axis).split("*") for axis in axes.split()]
    for name in (name for names in folded for name in names):
        if name not in known:
            raise ValueError(f"axis {name!r} of {axes!r} has no size; known are {known}")
    return tuple(prod(known[name] for name in names) for names in folded)


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One array of a problem, without its batch axis, e.g. axes "time=5 symbol=10"."""

    axes: str
    dtype: str
    low: float  # the smallest value allowed, in `unit`
    high: float  # the largest
    meaning: str
    unit: str

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return shape(self.axes)

    def check(self, array: Array, what: str) -> None:
        """Raise ValueError, naming `what`, unless `array` (n, ...) is a batch of this spec."""
        if array.shape[1:] != self.shape or str(array.dtype) != self.dtype:
            raise ValueError(
                f"{what}: expected (n, {self.axes}) {self.dtype}, came {array.shape} {array.dtype}"
            )
        if not (np.all(array >= self.low) and np.all(array <= self.high)):
            raise ValueError(
                f"{what}: expected values in [{self.low}, {self.high}] {self.unit}, "
                f"came [{array.min()}, {array.max()}]"
            )

    def random(self, n: int, seed: int) -> Array:
        """Return `n` random examples (n, ...): right in shape, dtype and range, without meaning."""
        values = np.random.default_rng(seed).uniform(self.low, self.high, (n, *self.shape))
        return np.asarray(values.round() if "int" in self.dtype else values, dtype=self.dtype)


@dataclass(frozen=True)
class Part:
    """Examples: inputs x (n, ...) and targets y (n, ...)."""

    x: Array
    y: Array


Data = Mapping[str, Part]  # "train", "validation", "test", and further test parts


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the random stream of one purpose: the same seed and purpose, the same numbers."""
    return np.random.default_rng([seed, *purpose.encode()])


def independent(
    examples: Callable[[np.random.Generator, int], Part],
) -> Callable[[int, Mapping[str, int]], Data]:
    """Return a `draw` for problems whose parts are independent draws of `examples(rng, n)`."""

    def draw(seed: int, sizes: Mapping[str, int]) -> Data:
        return {part: examples(stream(seed, part), n) for part, n in sizes.items()}

    return draw


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a problem is trained, the same on every backend.

    `loss` is "cross_entropy" (class indices against logits on the last axis),
    "binary_cross_entropy" (0/1 against logits) or "mean_absolute_error"; each is a mean over
    everything. `optimizer` is "adam", as Keras defines it: beta 0.9 and 0.999, epsilon 1e-7 added
    to the root of the uncorrected second moment.
    """

    loss: str
    optimizer: str = "adam"
    learning_rate: float
    decay: float = 1.0  # the learning rate is multiplied by this after every epoch
    batch_size: int
    epochs: int
    examples: Mapping[str, int]  # how many in each part of the data

    @property
    def learning_rates(self) -> list[float]:
        """The learning rate of each epoch."""
        return [self.learning_rate * self.decay**epoch for epoch in range(self.epochs)]


def ask_once(predict: Predict, x: Array) -> Array:
    """Question a network in the usual way: what does it answer to `x`?"""
    return predict(x)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One score of a trained network, computed in NumPy from its answers.

    `baseline` is what the best constant answer, `trivial` (shape of one output), scores on
    average; `best` is what the problem's own solution scores. Backends whose scores differ by less
    than `margin` count as equal in practice.
    """

    name: str
    measure: Callable[[Array, Array], float]  # (answers, targets) -> score
    better: str  # "higher" or "lower"
    target: float | None
    baseline: float
    trivial: Array
    best: float
    margin: float
    unit: str
    part: str = "test"  # the part of the data that is asked about
    ask: Callable[[Predict, Array], Array] = ask_once

    def reached(self, score: float) -> bool | None:
        """Say whether `score` is at the target or better; None where there is no target."""
        if self.target is None:
            return None
        return score >= self.target if self.better == "higher" else score <= self.target


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One problem: its data, the network that learns it, the recipe and the metrics.

    `layers` gives the shape after every named layer ("lstm.last" is a recurrent layer's last
    step); bare axis names take their sizes from the input and from `sizes`. `solve` answers the
    problem in NumPy: proof that the input holds the answer, and the score nobody can beat.
    """

    name: str
    summary: str
    input: Spec
    target: Spec
    output: Spec
    hidden: Mapping[str, int]  # sizes of the network that the data do not fix
    layers: Mapping[str, str]
    recipe: Recipe
    quick: Recipe
    metrics: tuple[Metric, ...]
    draw: Callable[[int, Mapping[str, int]], Data] = field(repr=False)
    solve: Predict = field(repr=False)

    @property
    def sizes(self) -> dict[str, int]:
        """The size of every named axis of the input and of the network."""
        return sized(self.input.axes) | dict(self.hidden)

    def layer_shape(self, layer: str, *, batch: int) -> tuple[int, ...]:
        """Return the expected shape after the named layer for a batch of that size."""
        return shape(self.layers[layer], batch=batch, **self.sizes)

    def make_data(self, seed: int) -> Data:
        """Return all parts of the data, checked against the specs: the same seed, the same arrays.

        Raises:
            ValueError: a part does not match the spec.
        """
        data = self.draw(seed, self.recipe.examples)
        for name, part in data.items():
            self.input.check(part.x, f"{self.name} {name} input")
            self.target.check(part.y, f"{self.name} {name} target")
        return data

    def ask(self, predict: Predict, data: Data) -> dict[str, Array]:
        """Return the network's answers, by metric; what several metrics ask is asked once."""
        answers: dict[tuple[str, Any], Array] = {}
        for metric in self.metrics:
            question = (metric.part, metric.ask)
            if question not in answers:
                answers[question] = metric.ask(predict, data[metric.part].x)
        return {metric.name: answers[metric.part, metric.ask] for metric in self.metrics}

    def score(self, answers: Mapping[str, Array], data: Data) -> dict[str, float]:
        """Return the score of the answers, by metric."""
        return {
            metric.name: float(metric.measure(answers[metric.name], data[metric.part].y))
            for metric in self.metrics
        }
