"""The value that defines a problem. It is frozen, as all that it consists of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from problems import _lengths
from problems._data import (
    Array,
    Arrays,
    Data,
    Part,
    Spec,
    Specs,
    check,
    count,
    mapped,
    named,
    shape,
    sized,
)
from problems._loss import by_output, check_targets, check_values
from problems._metric import Metric, Predict
from problems._metrics import OF_SEQUENCES
from problems._names import (
    check_axes,
    check_by_name,
    check_names,
    check_outputs,
    check_scored,
    check_specs,
    check_takes,
    check_texts,
    of_output,
)
from problems._numbers import check_whole, simplify, told
from problems._picture import PLAIN, Picture
from problems._recipe import PROOF, Proof, Recipe


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
    step); bare axis names take their sizes from `sizes`. `reference` answers the problem in NumPy.
    Where data are drawn by a formula, it is the exact solution: proof that the input holds the
    answer, and the score nobody can beat. For real data it is a simple known method, which a
    network may pass; each metric says what it scores. None: no method is known.
    `fixed` says that every seed has the same data, as real data are: seeds then vary the initial
    weights and the order of the batches alone.
    `initial` has initial weights by name, such as those of a model that was trained: as Keras names
    and lays them out, averages of a normalization too. What it does not name is drawn.
    `widen` gives the hidden sizes of a network with so many units, by which those that hang on one
    another stay consistent; without it, the network has one width only.

    Inputs, targets and outputs are one array each, or several by name, which twins then take and
    return as a dict. Each output has the target of its name.

    Raises:
        ValueError: parts that belong together do not: an axis has no size, a recipe lacks a part of
            the data, there is no metric, or one has a score of a reference that there is not.
    """

    name: str
    summary: str
    input: Specs
    target: Specs
    output: Specs
    hidden: dict[str, int]  # sizes of the network that the data do not fix
    layers: Mapping[str, str]
    recipe: Recipe
    quick: Recipe
    metrics: tuple[Metric, ...]
    draw: Callable[[int, Mapping[str, int]], Data] = field(repr=False)
    reference: Predict | None = field(default=None, repr=False)
    fixed: bool = False
    proof: Proof = PROOF
    picture: Picture = field(default=PLAIN, repr=False)
    widen: Callable[[int], dict[str, int]] | None = field(default=None, repr=False)
    initial: Mapping[str, Array] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        simplify(self)
        self._check_kinds()
        for what, size in self.hidden.items():
            check_whole(f"hidden: {what}", size)
        for what, spec in self.specs.items():
            _said(what, partial(shape, spec.axes))
        check_axes(self.specs, self.hidden)
        check_names(self.output, {"target": self.target})
        check_scored(self.output, ((metric.name, metric.of) for metric in self.metrics))
        _lengths.check_lengths(self.input, self.target, self.output)
        for layer in self.layers:
            _said(f"layers: {layer}", partial(self.layer_shape, layer, batch=1))
        for recipe in (self.recipe, self.quick):
            check_targets(recipe.losses, self.output, self.target)
        if len({metric.name for metric in self.metrics}) < max(1, len(self.metrics)):
            came = ", ".join(metric.name for metric in self.metrics) or "none"
            raise ValueError(f"expected metrics, each with a name of its own, came {came}")
        of_lengths = _lengths.lengths(self.input)
        for metric in self.metrics:
            output, target = (of_output(one, metric.of) for one in (self.output, self.target))
            _said(f"metric {metric.name!r}", partial(metric.check_specs, output, target))
            if metric.measure in OF_SEQUENCES and _lengths.first_axis(target) in of_lengths:
                raise ValueError(
                    f"metric {metric.name!r}: expected a measure of steps, where sequences have "
                    "lengths, came one of whole sequences"
                )
        for metric in self.metrics if self.reference is None else ():
            if metric.reference is not None:
                raise ValueError(
                    f"metric {metric.name!r}: reference: expected none, for the problem has none, "
                    f"came {metric.reference}"
                )
        for what, recipe in (("recipe", self.recipe), ("quick", self.quick)):
            if missing := [part for part in ("train", "validation") if part not in recipe.examples]:
                came = ", ".join(recipe.examples)
                raise ValueError(
                    f"{what}: examples: expected also {', '.join(missing)}, came {came}"
                )

    def _check_kinds(self) -> None:
        """Raise ValueError unless everything is of the kind that it has to be."""
        check_texts("", {"name": self.name, "summary": self.summary})
        for what in ("input", "target", "output"):
            check_specs(what, getattr(self, what))
        for what in ("hidden", "layers", "initial"):
            check_by_name(what, getattr(self, what))
        check_texts("layers", self.layers)
        for name, array in self.initial.items():
            floats = isinstance(array, np.ndarray) and array.dtype.kind == "f"
            if not floats or not np.isfinite(array).all():
                expected = "an array of finite floats"
                raise ValueError(f"initial: {name}: expected {expected}, came {told(array)}")
        for what, expected in (("draw", "seed, sizes"), ("reference", "x"), ("widen", "unit")):
            if what == "draw" or getattr(self, what) is not None:
                check_takes(what, getattr(self, what), expected)
        if not isinstance(self.metrics, tuple):
            came = type(self.metrics).__name__
            raise ValueError(f"metrics: expected a tuple of Metric, came a {came}")
        for what, one, kind in (
            *(("metrics", metric, Metric) for metric in self.metrics),
            *(("recipe", self.recipe, Recipe), ("quick", self.quick, Recipe)),
            ("proof", self.proof, Proof),
        ):
            if not isinstance(one, kind):
                came = type(one).__name__
                raise ValueError(f"{what}: expected a {kind.__name__}, came a {came}")

    @property
    def specs(self) -> dict[str, Spec]:
        """All specs: "input", or "input/NAME" of several, then targets and outputs."""
        return (
            named(self.input, "input") | named(self.target, "target") | named(self.output, "output")
        )

    def reference_score(self, metric: Metric) -> float | None:
        """Return what the reference scores by one of the metrics; None where there is none."""
        exact = None if self.reference is None else metric.best
        return exact if metric.reference is None else metric.reference

    @property
    def weighted(self) -> bool:
        """Whether elements count differently in the loss: by class, or by a weight in the data."""
        losses = by_output(self.recipe.losses)
        if any(loss.class_weights is not None for _, loss, _ in losses):
            return True
        if any(
            _lengths.first_axis(spec) in _lengths.lengths(self.input)
            for spec in named(self.target).values()
        ):
            return True
        parts = self._drawn(0, self.quick.examples).values()
        return any(part.weight is not None for part in parts)

    @property
    def drawn(self) -> Metric:
        """The metric whose answers are drawn."""
        named = [metric for metric in self.metrics if metric.name == self.picture.metric]
        return (named or self.metrics)[0]

    @property
    def sizes(self) -> dict[str, int]:
        """The size of every named axis of the data and of the network."""
        specs = self.specs.values()
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
            drawn = self._drawn(seed, asked)
            for name, n in asked.items():  # too few would be repeated, and nobody would know
                if name in drawn and (came := count(drawn[name].x)) < n:
                    raise ValueError(f"{self.name} {name}: expected {n} examples, came {came}")
            return {name: part.repeated(sizes.get(name, 0)) for name, part in drawn.items()}

        return replace(self, recipe=recipe, draw=draw)

    def layer_shape(self, layer: str, *, batch: int) -> tuple[int, ...]:
        """Return the expected shape after the named layer for a batch of that size."""
        return shape(self.layers[layer], batch=batch, **self.sizes)

    def make_data(self, seed: int) -> Data:
        """Return all parts of the data, checked against the specs: the same seed, the same arrays.

        Where sequences have lengths, their targets have weights, 0 after the end.

        Raises:
            ValueError: a part does not match the spec, or has not as many examples as asked for.
        """
        data = self._drawn(seed, self.recipe.examples)
        for name, part in data.items():
            check(self.input, part.x, f"{self.name} {name} input")
            check(self.target, part.y, f"{self.name} {name} target")
        for name, n in self.recipe.examples.items():
            arrays = (data[name].x, data[name].y) if name in data else ()
            came = [len(one) for array in arrays for one in named(array).values()]
            if not came or set(came) != {n}:
                found = " and ".join(map(str, dict.fromkeys(came))) or "no such part"
                raise ValueError(f"{self.name} {name}: expected {n} examples, came {found}")
        for metric in self.metrics:
            if metric.part not in data:
                raise ValueError(
                    f"{self.name}: metric {metric.name!r} asks about the part {metric.part!r}; "
                    f"there are {', '.join(data)}"
                )
        return {name: self._weighed(name, part) for name, part in data.items()}

    def _drawn(self, seed: int, sizes: Mapping[str, int]) -> Data:
        data = self.draw(seed, sizes)
        check_by_name(f"{self.name}: draw", data)
        for name, part in data.items():
            if not isinstance(part, Part):
                came = type(part).__name__
                raise ValueError(f"{self.name} {name}: expected a Part, came a {came}")
        return data

    def _weighed(self, name: str, part: Part) -> Part:
        own = self.own_steps(part.x)
        steps = {of: _lengths.own_of(spec, own) for of, spec in named(self.target).items()}
        check_values(self.recipe.losses, part.y, part.weight, steps, f"{self.name} {name}")
        for what, specs, arrays in (("input", self.input, part.x), ("target", self.target, part.y)):
            _lengths.check_padding(specs, arrays, own, self.sizes, f"{self.name} {name} {what}")
        weighed = _lengths.weighed(self.target, part, own)
        if weighed.weight is not None:
            for of, weight in named(weighed.weight, f"{self.name} {name} weight").items():
                if not weight.any():
                    raise ValueError(f"{of}: expected one above 0 before the ends, came 0 alone")
        return weighed

    def padded(self, part: Part) -> Part:
        """Return a part that is 0 after the end of its sequences, with weights for their steps."""
        own = self.own_steps(part.x)
        x, y = (
            _lengths.cleared_all(specs, arrays, own, self.sizes)
            for specs, arrays in ((self.input, part.x), (self.target, part.y))
        )
        return _lengths.weighed(self.target, Part(x, y, part.weight), own)

    def own_steps(self, x: Arrays) -> _lengths.Steps:
        """Return which steps of each example are its own, (n, size), by axis with a length."""
        return _lengths.own_steps(self.input, x, self.sizes)

    def random_input(self, n: int, seed: int) -> Any:
        """Return `n` random inputs (n, ...): right in shape, dtype and range, without meaning."""
        x = mapped(lambda spec: spec.random(n, seed), self.input)
        return _lengths.cleared_all(self.input, x, self.own_steps(x), self.sizes)

    def ask(self, predict: Predict, data: Data) -> dict[str, Array]:
        """Return the network's answers, by metric; what several metrics ask is asked once.

        Raises:
            ValueError: `predict` does not return outputs of the specified shape.
        """

        def checked(x: Arrays) -> Any:
            outputs = predict(x)
            check_outputs(self.output, outputs, x, f"{self.name} output")
            return outputs

        answers: dict[tuple[str, Any], Any] = {}
        for metric in self.metrics:
            question = (metric.part, metric.ask)
            if question not in answers:
                answers[question] = metric.ask(checked, data[metric.part].x)
        return {
            metric.name: of_output(answers[metric.part, metric.ask], metric.of)
            for metric in self.metrics
        }

    def score(self, answers: Mapping[str, Array], data: Data) -> dict[str, float]:
        """Return the score of the answers, by metric."""
        return {
            metric.name: self.measured(metric, answers[metric.name], data[metric.part])
            for metric in self.metrics
        }

    def measured(self, metric: Metric, answers: Arrays, part: Part) -> float:
        """Return the score by one metric of what it asked a network about a part."""
        own = _lengths.own_of(of_output(self.target, metric.of), self.own_steps(part.x))
        scored = (
            _lengths.of_own_steps(of_output(one, metric.of), own) for one in (answers, part.y)
        )
        return float(metric.measure(*scored))
