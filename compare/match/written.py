"""The three files of a problem, written from what was seen of two models; imports no framework."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import inf, prod
from string import Template

from backends._reference import calls
from compare.match.look import Look, N
from compare.match.pairing import Pair, Shape
from problems import Spec

OTHERWISE = "~"
OWN = "own"  # a loss, or an optimizer, of the user's
PROBLEM = Template('''\
"""$title

The data are random numbers: a score tells whether two programs agree, and nothing else.
"""

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
    batch_size=8,
    epochs=2,
    examples={"train": 60, "validation": 20, "test": 100},
)
PROBLEM = Problem(
    name="$name",
    summary="$summary",
    input=INPUT,
    target=TARGET,
    output=OUTPUT,
    hidden={},
    layers={$layers},
    recipe=RECIPE,
    quick=RECIPE,
    metrics=($metrics),
    draw=independent(examples),
    proof=Proof(steps=$steps),
)
''')
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
            trivial=np.zeros($shape, np.float32),
            best=$best,
            margin=$margin,
            unit="none",
            of=$of,
        ),""")
TWIN = Template('''\
"""$title"""

$imports
# The layers by the names of the pair that each is of.
NAMES = $names
$wrapper$taught$training
def build(problem):
    $made
''')
# Where PyTorch's Flatten has channels first and Keras's last: the rows of the layer that follows.
TAUGHT = Template("""
# Layers after Flatten, and the channels before it, which come first here and last in Keras.
FLATTENED = {}


def weights(layer):
    if layer not in FLATTENED:
        return {}
    columns = layer.weight.unflatten(1, (FLATTENED[layer], -1))  # (unit, channel, place)
    return {"kernel": [[columns[:, :, i].T] for i in range(columns.shape[2])]}

""")
# What a user's own loss and optimizer are called with, who has each in his framework's way.
LOSS = Template("""
LOSS = $own
$same_dtype
def loss(outputs, targets):
    return LOSS($arguments)


loss.own = LOSS

""")
# A loss may hold numbers, such as weights of classes.
DTYPE = """
if isinstance(LOSS, torch.nn.Module):
    LOSS.to(torch.get_default_dtype())

"""
OPTIMIZER = Template("""
def optimizer(model):
    return $own

""")
ORDERS = {"pytorch": "outputs, targets", "keras": "targets, outputs"}
WRAPPER = {
    "pytorch": Template("""

class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = $model

    def forward(self, x):
        $body
"""),
    "keras": Template("""

class Twin(keras.Model):
    def __init__(self):
        super().__init__()
        self.model = $model

    def call(self, x):
        $body
"""),
}
IMPORTS = {"pytorch": "import torch\nfrom torch import nn\n", "keras": "import keras\n"}
MOVED = {  # what moves channels to the second place, and back
    "pytorch": (
        "{}.movedim(-1, 1).clone(memory_format=torch.contiguous_format)",
        "{}.movedim(1, -1)",
    ),
    "keras": ("keras.ops.moveaxis({}, -1, 1)", "keras.ops.moveaxis({}, 1, -1)"),
}
# Loss: the metric that goes with it, which way is better, its baseline and its best.
LOSSES = {
    "mean_squared_error": ("mean_squared_error", "lower", 1.0, 0.0),
    "mean_absolute_error": ("mean_absolute_error", "lower", 1.0, 0.0),
    "huber": ("mean_absolute_error", "lower", 1.0, 0.0),
    "cross_entropy": ("accuracy", "higher", 0.0, 1.0),
    "binary_cross_entropy": ("binary_accuracy", "higher", 0.5, 1.0),
    OWN: ("size", "lower", 0.0, 0.0),
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What two models are held to: the inputs they get, and how they are trained."""

    inputs: Mapping[str, Spec]  # by name; one alone has the name ""
    loss: str = "mean_squared_error"
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    steps: int = 40
    target: Spec | None = None  # None: what fits the loss and the outputs


@dataclass(frozen=True, kw_only=True)
class Models:
    """Two models, and losses and optimizers of their own, by reference; all are by panel."""

    models: Mapping[str, str]
    losses: Mapping[str, str] = field(default_factory=dict)  # both or none
    optimizers: Mapping[str, str] = field(default_factory=dict)  # both or none


def files(
    name: str,
    asked: Asked,
    ours: Models,
    looks: Mapping[str, Look],
    pairs: Sequence[Pair],
    flattened: Mapping[str, int],
) -> dict[str, str]:
    """Return the files of a problem by their paths: its definition and the two twins.

    Looks are by panel, "pytorch" and "keras"; pairs have PyTorch's layers left.
    `flattened` has the names of pairs that follow a Flatten, and how many channels precede it.

    Raises:
        ValueError: the outputs of the two are not to be compared.
    """
    named, back = names(pairs), _moved_back(looks)
    title = " and ".join(ours.models.values())
    twins = {}
    for panel, reference in ours.models.items():
        own = {
            layer.path: name
            for pair, name in named
            for layer in [pair.left if panel == "pytorch" else pair.right]
            if layer
        }
        twins[f"backends/{panel}/{name}.py"] = _twin(
            panel,
            reference,
            looks[panel],
            list(asked.inputs),
            own,
            {path: flattened[one] for path, one in own.items() if one in flattened},
            back and panel == "pytorch",
            _training(panel, ours),
        )
    outputs = looks["keras"].outputs
    loss = OWN if ours.losses else asked.loss
    measure, better, baseline, best = LOSSES[loss]
    metrics = [
        METRIC.substitute(
            measure=measure,
            suffix=f" of {output}" if output else "",
            better=better,
            baseline=baseline,
            shape=shape[1:],
            best=best,
            margin=0.02,
            of=repr(output or None),
        )
        for output, shape in outputs.items()
    ]
    losses = dict.fromkeys(outputs, loss)
    targets = {output: asked.target or _target(loss, shape) for output, shape in outputs.items()}
    definition = PROBLEM.substitute(
        title=f"{name}: {title}",
        name=name,
        summary=f"{title} on random numbers",
        imported="" if loss == OWN else f", {measure}",
        defined=SIZE if loss == OWN else "",
        input=_specs(asked.inputs),
        target=_specs(targets),
        output=_specs({output: _output(shape) for output, shape in outputs.items()}),
        loss=repr(losses.get("", losses)),
        optimizer=OWN if ours.optimizers else asked.optimizer,
        learning_rate=asked.learning_rate,
        layers="".join(f'\n        "{one}": "{axes}",' for one, axes in _layers(named)),
        metrics="".join(metrics) + "\n    ",
        steps=asked.steps,
    )
    return {f"problems/{name}.py": definition} | twins


def names(pairs: Iterable[Pair]) -> list[tuple[Pair, str]]:
    """Return the pairs that have both sides, each with a name: PyTorch's path, without slashes."""
    found: dict[str, Pair] = {}
    for pair in pairs:
        if pair.left and pair.right:
            name = plain = re.sub(r"\W", "_", pair.left.path)
            while name in found:
                name = f"{plain}_{len(found)}"
            found[name] = pair
    return [(pair, name) for name, pair in found.items()]


def _moved_back(looks: Mapping[str, Look]) -> bool:
    """Say whether PyTorch's output has its channels second, and Keras's last."""
    one, other = looks["pytorch"].outputs, looks["keras"].outputs
    if one.keys() != other.keys():
        raise ValueError(f"outputs: PyTorch has {_told(one)}, Keras {_told(other)}")
    moved = {key: (shape[0], *shape[2:], *shape[1:2]) for key, shape in one.items()}
    if one == other:
        # Where the sizes do not tell, an input that was moved is answered by an output that is.
        return bool(looks["pytorch"].moved) and all(len(shape) > 2 for shape in one.values())
    if moved == other:
        return True
    raise ValueError(f"outputs: PyTorch has {_told(one)}, Keras {_told(other)}")


def _told(outputs: Mapping[str, Shape]) -> str:
    return ", ".join(f"{name} {shape}".strip() for name, shape in outputs.items())


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


def _training(panel: str, ours: Models) -> str:
    """Return the text of a loss and an optimizer of the user's own, if there are any."""
    text = ""
    if reference := ours.losses.get(panel):
        own = f"own_of({json.dumps(reference)})"
        moved = DTYPE if panel == "pytorch" else ""
        text += LOSS.substitute(own=own, same_dtype=moved, arguments=ORDERS[panel])
    if reference := ours.optimizers.get(panel):
        named = json.dumps(reference)
        own = f"own_of({named})(model)" if panel == "pytorch" else f"model_of({named})"
        text += OPTIMIZER.substitute(own=own)
    return text


def _target(loss: str, shape: Shape) -> Spec:
    if loss == "cross_entropy":
        return _spec(shape[1:-1], "int64", 0, shape[-1] - 1, "a class")
    if loss == "binary_cross_entropy":
        return _spec(shape[1:], "float32", 0.0, 1.0, "a probability")
    return _spec(shape[1:], "float32", -1.0, 1.0, "a target")


def _output(shape: Shape) -> Spec:
    return _spec(shape[1:], "float32", -inf, inf, "an output")


def _spec(sizes: Shape, dtype: str, low: float, high: float, meaning: str) -> Spec:
    axes = " ".join(f"out{i}={size}" for i, size in enumerate(sizes))
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


def _twin(
    panel: str,
    reference: str,
    look: Look,
    inputs: Sequence[str],
    own: Mapping[str, str],
    flattened: Mapping[str, int],
    back: bool,
    training: str,
) -> str:
    """Return the text of a twin: the user's model, and what arranges axes around it."""
    to, fro = MOVED[panel]
    alone = not (look.moved or look.first or back) and look.way == "alone"
    model = f"model_of({json.dumps(reference)})"
    given = {name: f'x["{name}"]' if name else "x" for name in inputs}
    given |= {name: to.format(given[name]) for name in look.moved}
    call = calls(inputs)[look.way].format(**{name or "x": text for name, text in given.items()})
    call += "[0]" if look.first else ""
    if not alone:
        own = {f"model/{path}": name for path, name in own.items()}
        flattened = {f"model/{path}": n for path, n in flattened.items()}
    listed = "".join(f'\n    "{path}": "{name}",' for path, name in own.items())
    made, marks = model if alone else "Twin()", ""
    if panel == "pytorch":
        for path, channels in flattened.items():
            place = path.replace("/", ".")
            marks += f'FLATTENED[network.get_submodule("{place}")] = {channels}\n    '
    return TWIN.substitute(
        title=f"{reference}, as it is",
        imports=("" if alone and not training else IMPORTS[panel])
        + f"from backends import model_of{', own_of' if training else ''}\n",
        names=f"{{{listed}\n}}" if listed else "{}",
        wrapper=""
        if alone
        else WRAPPER[panel].substitute(
            model=model, body=f"return {fro.format(call) if back else call}"
        ),
        training=training,
        taught=TAUGHT.substitute() if marks else "\n",
        made=f"network = {made}\n    {marks}return network" if marks else f"return {made}",
    )
