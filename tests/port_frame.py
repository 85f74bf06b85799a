"""How a port of a small network is told, and the problem and the twins that are made of it.

A problem has 100 examples, batch 16, learning rate 1e-2, and one logit `dense` at its end.
"""

from typing import NamedTuple

from pairs import KERAS, TORCH
from parity import ACCURACY


class Port(NamedTuple):
    """A network in both frameworks, and where the ladder finds it wrong, if it is."""

    inputs: str  # one of INPUTS
    torch_layers: str
    torch_steps: str  # from x to the input of dense
    keras_layers: str
    keras_steps: str
    width: int = 5  # of that input
    shapes: str = ""  # of named layers, as in Problem.layers
    rung: str = ""  # where it is found; empty: it is right
    tensor: str = ""
    hint: str = ""  # words of the message
    keras_file: str = ""  # the whole twin, where it is no class
    recipe: str = ""  # arguments of Recipe that differ
    torch_more: str = ""  # what is beside the classes: others, functions
    keras_more: str = ""


# Input: axes, dtype, low, high, and how n examples are drawn.
PADDED = "* (np.arange(6) < rng.integers(1, 7, (n, 1)))"
INPUTS = {
    "features": ("feature=4", "float32", 0, 1, "rng.random((n, 4))"),
    "wide": ("feature=8", "float32", 0, 1, "rng.random((n, 8))"),
    "normal": ("feature=4", "float32", "-np.inf", "np.inf", "rng.standard_normal((n, 4))"),
    "padded": ("time=6 feature=4", "float32", 0, 1,
               f"rng.uniform(0.1, 1, (n, 6, 4)) * (np.ones((n, 6)) {PADDED})[..., None]"),
    "tokens": ("time=6", "int64", 0, 9, f"rng.integers(1, 10, (n, 6)) {PADDED}"),
    "words": ("time=6", "int64", 0, 999, f"rng.integers(1, 1000, (n, 6)) {PADDED}"),
    "pixels": ("height=8 width=8 channel=1", "uint8", 0, 255,
               "rng.integers(0, 256, (n, 8, 8, 1))"),
    "image": ("height=3 width=5 channel=4", "float32", 0, 1, "rng.random((n, 3, 5, 4))"),
    "square": ("height=4 width=4 channel=4", "float32", 0, 1, "rng.random((n, 4, 4, 4))"),
    "constant": ("feature=4", "float32", 0, 100,
                 "np.concatenate([rng.random((n, 3)), np.full((n, 1), 98.6)], 1)"),
    "series": ("time=6 feature=4", "float32", 0, 1, "rng.random((n, 6, 4))"),
}  # fmt: skip

PROBLEM = '''
"""Is the sum of the inputs above that of the others'? A constant answer is right half the time."""

import numpy as np

from problems import Metric, Optimizer, Part, Problem, Proof, Recipe, Schedule, Spec
from problems import binary_accuracy, independent


def examples(rng, n):
    x = ({draw}).astype("{dtype}")
    total = x.reshape(n, -1).sum(1).astype("float64")
    return Part(x, (total > np.median(total)).astype("float32")[:, None])


def spec(axes, dtype, low, high):
    return Spec(axes=axes, dtype=dtype, low=low, high=high, meaning="a number", unit="1")


USUAL = dict(
    loss="binary_cross_entropy",
    learning_rate=1e-2,
    batch_size=16,
    epochs=2,
    examples={{"train": 100, "validation": 20, "test": 20}},
)
RECIPE = Recipe(**USUAL | dict({recipe}))
PROBLEM = Problem(
    name="{name}",
    summary="compare a sum",
    input=spec("{axes}", "{dtype}", {low}, {high}),
    target=spec("bit=1", "float32", 0, 1),
    output=spec("bit=1", "float32", -np.inf, np.inf),
    hidden={{}},
    layers={{{shapes}"dense": "batch bit"}},
    recipe=RECIPE,
    quick=RECIPE,
{accuracy}    draw=independent(examples),
    proof=Proof(steps={steps}, held_out=20),
    reference=lambda x: np.ones((len(x), 1), np.float32),
)
'''


def module(what: str) -> str:
    """Return the name of the problem that a port is added as."""
    return "port_" + "".join(one if one.isalnum() else "_" for one in what).lower()


def files_of(what: str, port: Port, steps: int = 48) -> dict[str, str]:
    """Return the three files of a port, by path; its proof takes so many steps."""
    name = module(what)
    axes, dtype, low, high, draw = INPUTS[port.inputs]
    shapes = f"{port.shapes}, " if port.shapes else ""
    facts = {"axes": axes, "dtype": dtype, "low": low, "high": high, "draw": draw}
    facts |= {
        "recipe": port.recipe,
        "name": name,
        "shapes": shapes,
        "steps": steps,
        "accuracy": ACCURACY,
    }
    found = {f"problems/{name}.py": PROBLEM.format(**facts)}
    twins = {
        "pytorch": (TORCH, port.torch_layers, port.torch_steps, port.torch_more),
        "keras": (KERAS, port.keras_layers, port.keras_steps, port.keras_more),
    }
    for folder, (text, layers, twin, more) in twins.items():
        indented = {"layers": layers, "steps": twin}
        indented = {key: value.replace("\n", "\n        ") for key, value in indented.items()}
        found[f"backends/{folder}/{name}.py"] = text.format(width=port.width, **indented) + more
    if port.keras_file:
        found[f"backends/keras/{name}.py"] = port.keras_file
    return found
