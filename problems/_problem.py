"""The values that define a problem: recipe, metrics, and the problem itself. All frozen."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from problems._data import Array, Data, Spec, shape, sized
from problems._optimizer import Optimizer
from problems._picture import PLAIN, Picture
from problems._schedule import Schedule

Predict = Callable[[Array], Array]  # inputs (n, ...) -> outputs (n, ...)

LOSSES = ("cross_entropy", "binary_cross_entropy", "mean_absolute_error")
BETTER = ("higher", "lower")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a problem is trained, the same on every backend.

    `loss` is "cross_entropy" (class indices against logits on the last axis),
    "binary_cross_entropy" (0/1 against logits) or "mean_absolute_error"; each is a mean over
    everything. `optimizer` and `schedule` are what the values of these names say; a name alone
    means the default form.

    Raises:
        ValueError: there is no such loss, optimizer or schedule, or a number is too small.
    """

    loss: str
    optimizer: str | Optimizer = "adam"
    learning_rate: float
    schedule: str | Schedule = "constant"  # what becomes of the learning rate, step by step
    batch_size: int
    epochs: int
    examples: Mapping[str, int]  # how many in each part of the data

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise ValueError(f"no loss {self.loss!r}; there are {', '.join(LOSSES)}")
        for what, kind in (("optimizer", Optimizer), ("schedule", Schedule)):
            if not isinstance(value := getattr(self, what), kind):
                object.__setattr__(self, what, kind(value))
        rate = self.learning_rate
        if type(rate) not in (int, float) or not 0 < rate < math.inf:
            raise ValueError(f"learning_rate: expected a number above 0, came {rate!r}")
        counts = {"batch_size": self.batch_size, "epochs": self.epochs}
        for what, n in (
            counts | {f"examples of {part}": n for part, n in self.examples.items()}
        ).items():
            if type(n) is not int or n < 1:
                raise ValueError(f"{what}: expected a whole number above 0, came {n!r}")

    def rates(self, steps_per_epoch: int) -> Array:
        """Return the learning rate of each step, float64 (epochs * steps_per_epoch,)."""
        assert isinstance(self.schedule, Schedule)
        return self.schedule.rates(
            self.learning_rate, epochs=self.epochs, steps_per_epoch=steps_per_epoch
        )


@dataclass(frozen=True, kw_only=True)
class Proof:
    """How long the short training is by which two programs are proven to be one model.

    It has the loss, the optimizer and the learning rates of the recipe.

    Raises:
        ValueError: there is nothing to train on, or nothing to ask.
    """

    steps: int = 120  # in 4 epochs
    batch_size: int | None = None  # None: that of the recipe
    held_out: int = 100  # examples in each part that is not trained on

    def __post_init__(self) -> None:
        least = {"steps": 4, "held_out": 1}
        for what, value in (("steps", self.steps), ("held_out", self.held_out)):
            if value < least[what]:
                raise ValueError(f"proof: {what}: expected {least[what]} or more, came {value}")


def ask_once(predict: Predict, x: Array) -> Array:
    """Question a network in the usual way: what does it answer to `x`?"""
    return predict(x)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One score of a trained network, computed in NumPy from its answers.

    `baseline` is what the constant answer `trivial` (shape of one output) scores on average; the
    problem's docstring says why that one. `best` is what the problem's own solution scores.
    Backends whose scores differ by less than `margin` count as equal in practice.

    Raises:
        ValueError: a value is none that it may be.
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

    def __post_init__(self) -> None:
        if self.better not in BETTER:
            came = f"came {self.better!r}"
            raise ValueError(
                f"metric {self.name!r}: better: expected {' or '.join(BETTER)}, {came}"
            )
        target = 0.0 if self.target is None else self.target
        for what, value in (
            ("target", target),
            ("baseline", self.baseline),
            ("best", self.best),
            ("margin", self.margin),
        ):
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise ValueError(f"metric {self.name!r}: {what}: expected a number, came {value!r}")

    def reached(self, score: float) -> bool | None:
        """Say whether `score` is at the target or better; None where there is no target."""
        if self.target is None:
            return None
        return score >= self.target if self.better == "higher" else score <= self.target


def _said(what: str, make: Callable[[], object]) -> None:
    """Have an error say what it is about."""
    try:
        make()
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One problem: its data, the network that learns it, the recipe and the metrics.

    `layers` gives the shape after every named layer ("lstm.last" is a recurrent layer's last
    step); bare axis names take their sizes from `sizes`. `solve` answers the
    problem in NumPy: proof that the input holds the answer, and the score nobody can beat.
    `widen` gives the hidden sizes of a network with so many units, by which those that hang on one
    another stay consistent; without it, the network has one width only.

    Raises:
        ValueError: parts that belong together do not: an axis has no size, a recipe lacks a part of
            the data, or there is no metric.
    """

    name: str
    summary: str
    input: Spec
    target: Spec
    output: Spec
    hidden: dict[str, int]  # sizes of the network that the data do not fix
    layers: Mapping[str, str]
    recipe: Recipe
    quick: Recipe
    metrics: tuple[Metric, ...]
    draw: Callable[[int, Mapping[str, int]], Data] = field(repr=False)
    solve: Predict = field(repr=False)
    proof: Proof = Proof()
    picture: Picture = field(default=PLAIN, repr=False)
    widen: Callable[[int], dict[str, int]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for what, value in (("name", self.name), ("summary", self.summary)):
            if not isinstance(value, str):
                raise ValueError(f"{what}: expected text, came {value!r}")
        for what, size in self.hidden.items():
            if type(size) is not int or size < 1:
                raise ValueError(f"hidden: {what}: expected a whole number above 0, came {size!r}")
        for what, spec in (("input", self.input), ("target", self.target), ("output", self.output)):
            _said(what, partial(shape, spec.axes))
        for layer in self.layers:
            _said(f"layers: {layer}", partial(self.layer_shape, layer, batch=1))
        for recipe in (self.recipe, self.quick):
            self._check_target(recipe.loss)
        if len({metric.name for metric in self.metrics}) < max(1, len(self.metrics)):
            came = ", ".join(metric.name for metric in self.metrics) or "none"
            raise ValueError(f"expected metrics, each with a name of its own, came {came}")
        for what, recipe in (("recipe", self.recipe), ("quick", self.quick)):
            if missing := [part for part in ("train", "validation") if part not in recipe.examples]:
                came = ", ".join(recipe.examples)
                raise ValueError(
                    f"{what}: examples: expected also {', '.join(missing)}, came {came}"
                )

    def _check_target(self, loss: str) -> None:
        """Raise ValueError unless targets are what the loss compares outputs with."""
        classes = loss == "cross_entropy"
        expected = self.output.shape[:-1] if classes else self.output.shape
        if self.target.shape != expected:
            raise ValueError(
                f"target: expected shape {expected} for the loss {loss} of outputs "
                f"{self.output.shape}, came {self.target.shape}"
            )
        if classes and self.target.dtype != "int64":
            raise ValueError(
                f"target: expected int64 for the loss {loss}, came {self.target.dtype}"
            )

    @property
    def drawn(self) -> Metric:
        """The metric whose answers are drawn."""
        named = [metric for metric in self.metrics if metric.name == self.picture.metric]
        return (named or self.metrics)[0]

    @property
    def sizes(self) -> dict[str, int]:
        """The size of every named axis of the data and of the network."""
        specs = (self.input, self.target, self.output)
        return {name: n for spec in specs for name, n in sized(spec.axes).items()} | self.hidden

    def scaled(self, *, batch_size: int | None = None, unit: int | None = None) -> "Problem":
        """Return the problem with another batch size, or other units; None leaves its own.

        Raises:
            ValueError: units are given, and the problem does not say what hangs on them.
        """
        recipe, hidden = self.recipe, self.hidden
        if batch_size is not None:
            recipe = replace(recipe, batch_size=batch_size)
        if unit is not None:
            if self.widen is None:
                raise ValueError(f"problem {self.name!r} has one width only: it gives no `widen`")
            hidden = self.widen(unit)
        return replace(self, recipe=recipe, hidden=hidden)

    def resized(self, examples: Mapping[str, int], *, epochs: int) -> "Problem":
        """Return the problem with a recipe of so many examples and epochs.

        `draw` is asked for no more examples than the present recipe has, for there may be no more;
        where a part is to have more, it repeats them.
        """
        recipe = replace(self.recipe, examples=examples, epochs=epochs)

        def draw(seed: int, sizes: Mapping[str, int]) -> Data:
            own = self.recipe.examples
            asked = {name: min(n, own[name]) for name, n in sizes.items()}
            drawn = self.draw(seed, asked)
            for name, n in asked.items():  # too few would be repeated, and nobody would know
                if name in drawn and (came := len(drawn[name].x)) < n:
                    raise ValueError(f"{self.name} {name}: expected {n} examples, came {came}")
            return {name: part.repeated(sizes.get(name, 0)) for name, part in drawn.items()}

        return replace(self, recipe=recipe, draw=draw)

    def layer_shape(self, layer: str, *, batch: int) -> tuple[int, ...]:
        """Return the expected shape after the named layer for a batch of that size."""
        return shape(self.layers[layer], batch=batch, **self.sizes)

    def make_data(self, seed: int) -> Data:
        """Return all parts of the data, checked against the specs: the same seed, the same arrays.

        Raises:
            ValueError: a part does not match the spec, or has not as many examples as asked for.
        """
        data = self.draw(seed, self.recipe.examples)
        for name, part in data.items():
            self.input.check(part.x, f"{self.name} {name} input")
            self.target.check(part.y, f"{self.name} {name} target")
        for name, n in self.recipe.examples.items():
            came = [len(array) for array in (data[name].x, data[name].y)] if name in data else []
            if came != [n, n]:
                found = " and ".join(map(str, dict.fromkeys(came))) or "no such part"
                raise ValueError(f"{self.name} {name}: expected {n} examples, came {found}")
        for metric in self.metrics:
            if metric.part not in data:
                raise ValueError(
                    f"{self.name}: metric {metric.name!r} asks about the part {metric.part!r}; "
                    f"there are {', '.join(data)}"
                )
        return data

    def ask(self, predict: Predict, data: Data) -> dict[str, Array]:
        """Return the network's answers, by metric; what several metrics ask is asked once.

        Raises:
            ValueError: `predict` does not return outputs of the specified shape.
        """

        def checked(x: Array) -> Array:
            output = predict(x)
            if output.shape != (len(x), *self.output.shape):
                raise ValueError(
                    f"{self.name} output: expected ({len(x)}, {self.output.axes}), "
                    f"came {output.shape}"
                )
            return output

        answers: dict[tuple[str, Any], Array] = {}
        for metric in self.metrics:
            question = (metric.part, metric.ask)
            if question not in answers:
                answers[question] = metric.ask(checked, data[metric.part].x)
        return {metric.name: answers[metric.part, metric.ask] for metric in self.metrics}

    def score(self, answers: Mapping[str, Array], data: Data) -> dict[str, float]:
        """Return the score of the answers, by metric."""
        return {
            metric.name: float(metric.measure(answers[metric.name], data[metric.part].y))
            for metric in self.metrics
        }
