"""The text of the problem that two models are written down as: its definition."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from math import inf, prod
from string import Template

from backends import OTHERWISE
from compare.match.asked import Asked, Models
from compare.match.look import N
from compare.match.pairing import Pair, Shape
from problems import OWN, Spec

PROBLEM = Template('''\
"""$title.

The data are random numbers: a score tells whether two programs agree, and nothing else.
"""

from dataclasses import replace
$path
import numpy as np

from problems import Metric, Part, Problem, Proof, Recipe, Spec, independent$imported
$defined
INPUT = $input
TARGET = $target
OUTPUT = $output


def drawn(specs, rng, n):
    if isinstance(specs, dict):
        return {name: drawn(spec, rng, n) for name, spec in specs.items()}
    return specs.random(n, rng.integers(2**31))


def examples(rng, n):
    return Part(drawn(INPUT, rng, n), drawn(TARGET, rng, n))


RECIPE = Recipe(
    loss=$loss,
    optimizer="$optimizer",
    learning_rate=$learning_rate,
    batch_size=$batch_size,
    epochs=5,
    examples={"train": $examples, "validation": 20, "test": 100},
)
PROBLEM = Problem(
    name="$name",
    summary=$summary,
    input=INPUT,
    target=TARGET,
    output=OUTPUT,
    hidden={},
    layers={$layers},
    recipe=RECIPE,
    quick=replace(RECIPE, epochs=2),
    metrics=($metrics),
    draw=independent(examples),
    proof=Proof(steps=$steps, batch_size=8),$initial
)
''')
STEPS = 32  # of an epoch that is timed
INITIAL = """
    initial=dict(np.load(Path(__file__).with_name("{name}.npz"))),"""
# Of a loss of the user's own there is no score that is known to go with it.
SIZE = """

def size(answers, targets):
    return float(np.abs(answers).mean())

"""
METRIC = Template("""
        Metric(
            name="$measure$suffix",
            measure=$measure,
            better="$better",
            target=None,
            baseline=$baseline,
            trivial=np.$trivial($shape, np.float32),
            best=$best,
            margin=$margin,
            unit="none",
            of=$of,
        ),""")
# Loss: the metric that goes with it, which way is better, its baseline and its best.
LOSSES = {
    "mean_squared_error": ("mean_squared_error", "lower", 1.0, 0.0),
    "mean_absolute_error": ("mean_absolute_error", "lower", 1.0, 0.0),
    "huber": ("mean_absolute_error", "lower", 1.0, 0.0),
    "cross_entropy": ("accuracy", "higher", 0.0, 1.0),
    "binary_cross_entropy": ("binary_accuracy", "higher", 0.5, 1.0),
    OWN: ("size", "lower", 1.0, 0.0),
}


def definition(
    name: str,
    asked: Asked,
    ours: Models,
    outputs: Mapping[str, Shape],
    named: Sequence[tuple[Pair, str]],
    baselines: Mapping[str, float],
) -> str:
    """Return the text of a problem's definition; outputs are by name, pairs with their names."""
    title = " and ".join(ours.models.values())
    loss = OWN if ours.losses else asked.loss
    measure, better, baseline, best = LOSSES[loss]
    metrics = [
        METRIC.substitute(
            measure=measure,
            suffix=f" of {output}" if output else "",
            better=better,
            baseline=baselines.get(f"{measure} of {output}" if output else measure, baseline),
            trivial="ones" if loss == OWN else "zeros",
            shape=shape[1:],
            best=best,
            margin=0.02,
            of=repr(output or None),
        )
        for output, shape in outputs.items()
    ]
    losses = dict.fromkeys(outputs, loss)
    axes = {output: f"out{n or ''}" for n, output in enumerate(outputs)}
    targets = {
        output: asked.target or _target(loss, shape, axes[output])
        for output, shape in outputs.items()
    }
    return PROBLEM.substitute(
        title=f"{name}: {title}".replace("\\", "\\\\").replace('"', "'"),
        name=name,
        summary=repr(f"{title} on random numbers"),
        imported="" if loss == OWN else f", {measure}",
        defined=SIZE if loss == OWN else "",
        input=_specs(asked.inputs),
        target=_specs(targets),
        output=_specs({output: _output(shape, axes[output]) for output, shape in outputs.items()}),
        loss=repr(losses.get("", losses)),
        optimizer=OWN if ours.optimizers else asked.optimizer,
        learning_rate=asked.learning_rate,
        layers="".join(f'\n        "{one}": "{axes}",' for one, axes in _layers(named)),
        metrics="".join(metrics) + "\n    ",
        steps=asked.steps,
        batch_size=asked.batch_size,
        examples=STEPS * asked.batch_size,
        path="from pathlib import Path\n" if asked.weights else "",
        initial=INITIAL.format(name=name) if asked.weights else "",
    )


def _layers(named: Iterable[tuple[Pair, str]]) -> Iterator[tuple[str, str]]:
    """Yield the layers that both sides have, with their axes: what is of the same number of sizes.

    A layer that is called on other axes in one of the two, such as time folded into the batch,
    leaves as many numbers in another shape: that is no difference, and nothing to compare.
    """
    for number, (pair, name) in enumerate(named):
        assert pair.left is not None
        assert pair.right is not None
        if pair.left.calls != pair.right.calls:  # one that is shared, and several that are alike
            continue
        for key, shape in pair.right.outputs.items():
            if shape[:1] != (N,):  # not of examples, such as an embedding of places
                continue
            others = [
                one for other, one in pair.left.outputs.items() if other.rstrip(OTHERWISE) == key
            ]
            folded = [one for one in others if prod(one) == prod(shape) and one != shape]
            if shape in others or (others and not folded):
                axes = [f"l{number}{chr(97 + i)}={size}" for i, size in enumerate(shape[1:])]
                yield name + key, " ".join(["batch", *axes])


def _target(loss: str, shape: Shape, axes: str) -> Spec:
    if loss == "cross_entropy":
        return _spec(axes, shape[1:-1], "int64", 0, shape[-1] - 1, "a class")
    if loss == "binary_cross_entropy":
        return _spec(axes, shape[1:], "float32", 0.0, 1.0, "a probability")
    return _spec(axes, shape[1:], "float32", -1.0, 1.0, "a target")


def _output(shape: Shape, axes: str) -> Spec:
    return _spec(axes, shape[1:], "float32", -inf, inf, "an output")


def _spec(axes: str, sizes: Shape, dtype: str, low: float, high: float, meaning: str) -> Spec:
    """Return a spec; its axes are NAMEa, NAMEb, and so on: each output has a name of its own."""
    axes = " ".join(f"{axes}{chr(97 + i)}={size}" for i, size in enumerate(sizes))
    return Spec(axes=axes, dtype=dtype, low=low, high=high, meaning=meaning, unit="none")


def _specs(specs: Mapping[str, Spec]) -> str:
    """Return specs as Python: one alone, or several by name."""
    told = {name: _spec_text(spec) for name, spec in specs.items()}
    if "" in told:
        return told[""]
    return "{" + "".join(f'\n    "{name}": {text},' for name, text in told.items()) + "\n}"


def _spec_text(spec: Spec) -> str:
    text = ", ".join(
        f"{name}={'-np.inf' if value == -inf else 'np.inf' if value == inf else repr(value)}"
        for name, value in asdict(spec).items()
        if value is not None
    )
    return f"Spec({text})"
