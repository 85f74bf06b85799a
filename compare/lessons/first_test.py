"""The author's habit: the first test of any network."""

from compare.lessons._lesson import IN_PART, Every, Lesson, Pair, Panel, Rows

TORCH = """
import torch
from torch import nn

network = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 4))
y = network(torch.rand(7, 8))  # no layer has size 7
assert y.shape == (7, 4)
"""

# Every program, as it is and with batch_first left out: what do shapes tell, what do numbers?
TORCH_MEASURED = """
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

import problems
from backends import Side

engine = Side("pytorch").definition.engine()
figures["programs"] = {}
for name, text in twins.items():
    problem = problems.load(name)

    def output(program):
        module = {}
        exec(compile(program, name, "exec"), module)
        sys.modules["backends.pytorch.other"] = SimpleNamespace(build=module["build"])
        probe = engine.probe(replace(problem, name="other"), seed=0)
        return probe.ask(problem.random_input(7, 0))["output"]

    right = output(text)
    try:
        wrong = output(text.replace("batch_first=True", "batch_first=False"))
    except (RuntimeError, ValueError):
        wrong = None
    shaped = wrong is not None and wrong.shape == right.shape
    figures["programs"][name] = {
        "right shape": shaped,
        "apart": float(np.abs(wrong - right).max() / np.abs(right).max()) if shaped else None,
    }
"""

KERAS = """
import keras
import numpy as np
from keras import layers

network = keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(4)])
y = network(np.random.rand(7, 8))
assert y.shape == (7, 4)
network.summary()  # the shape after every layer
"""

KERAS_MEASURED = ""


def _passed(figures: Every) -> dict[str, float]:
    programs = figures["pytorch"]["programs"]
    return {name: one["apart"] for name, one in programs.items() if one["right shape"]}


def table(figures: Every) -> Rows:
    """Return what the test tells of each wrong program."""
    return [
        ["program without batch_first=True", "shape", "largest error of an output"],
        *(
            [
                name,
                "right" if one["right shape"] else "wrong, or an error",
                f"{one['apart']:.0%}" if one["right shape"] else "",
            ]
            for name, one in figures["pytorch"]["programs"].items()
        ),
    ]


def reading(figures: Every) -> str:
    """Say what shapes find of one planted fault, and what numbers find."""
    return (
        f"The test passes {len(_passed(figures))} of {len(figures['pytorch']['programs'])} wrong "
        "programs: their outputs have the right shape and wrong numbers. (Errors are relative to "
        "the largest output.) `diptych check` tests the shapes first, then compares the numbers of "
        "every layer with the other framework's."
    )


LESSON = Lesson(
    number=10,
    name="first_test",
    title="A random input is the first test",
    claim="A random input of the right shape is the first test of any network. Look at the shape "
    "of what comes out.",
    now="It is still a good first test, and a quick one. It finds wrong sizes, and nothing else. "
    "Keras's `summary` and PyTorch's lazy layers show the same.",
    verdict=IN_PART,
    panels={
        "pytorch": Panel(shown=TORCH, measured=TORCH_MEASURED),
        "keras-tensorflow": Panel(shown=KERAS, measured=KERAS_MEASURED),
    },
    pairs=(
        Pair(
            "network.summary()  # the shape after every layer",
            "y = network(torch.rand(7, 8))  # no layer has size 7\nassert y.shape == (7, 4)",
            "PyTorch has no summary: run it once and look at the shape",
        ),
    ),
    table=table,
    reading=reading,
    figure=lambda figures: (
        f"It passes {len(_passed(figures))} of {len(figures['pytorch']['programs'])} wrong programs"
    ),
    sources=("keras.io: Model.summary", "docs.pytorch.org: lazy modules"),
    seen=("problems/echo.py", "compare/proof/ladder.py"),
)
