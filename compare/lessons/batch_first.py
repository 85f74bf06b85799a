"""The eighth lesson: batch first is optional."""

from compare.lessons._lesson import HOLDS, Every, Figures, Lesson, Pair, Panel, Rows

TORCH = """
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, batch_first):
        super().__init__()
        self.lstm = nn.LSTM(4, 16, batch_first=batch_first)  # the default is False
        self.dense = nn.Linear(16, 1)

    def forward(self, x):  # (n, t, 4)
        x, _ = self.lstm(x)  # (n, t, 16)
        return self.dense(x[:, -1])  # (n, 1)


x = torch.rand(32, 8, 4)
right, forgotten = Network(batch_first=True)(x), Network(batch_first=False)(x)
assert right.shape == forgotten.shape  # no error, no wrong shape
"""

# Every program of the project, as it is and with batch_first left out, by the quick recipe.
TORCH_MEASURED = """
import sys
from dataclasses import replace
from types import SimpleNamespace

import problems
from backends import Side

engine = Side("pytorch").definition.engine()
figures["scores"] = {}
for name, text in twins.items():
    problem = problems.load(name, quick=True)
    data = problem.make_data(0)
    metric = problem.metrics[0].name
    found = figures["scores"][name] = {"metric": metric}

    def score(program):
        module = {}
        exec(compile(program, name, "exec"), module)
        sys.modules["backends.pytorch.other"] = SimpleNamespace(build=module["build"])
        other = replace(problem, name="other")
        fit = engine.train(other, data, seed=0)
        return float(other.score(other.ask(fit.predict, data), data)[metric])

    found["right"] = score(text)
    try:
        found["forgotten"] = score(text.replace("batch_first=True", "batch_first=False"))
    except (RuntimeError, ValueError) as error:
        found["forgotten"] = f"{type(error).__name__}: {str(error).splitlines()[0]}"
"""

KERAS = """
import keras
from keras import layers

x = keras.Input((8, 4))  # (n, t, 4): there is no other order
y = layers.LSTM(16)(x)  # (n, 16), the last step
network = keras.Model(x, layers.Dense(1)(y))
"""

KERAS_MEASURED = ""


def _kinds(figures: Every) -> tuple[Figures, Figures]:
    """Return the problems that raise an error without it, and those that train on."""
    scores = figures["pytorch"]["scores"]
    raised = {name: one for name, one in scores.items() if isinstance(one["forgotten"], str)}
    trained = {name: one for name, one in scores.items() if name not in raised}
    return raised, trained


def table(figures: Every) -> Rows:
    """Return the score of each program, as it is and without `batch_first=True`."""
    return [
        ["problem", "metric", "as it is", "without batch_first=True"],
        *(
            [name, one["metric"], *(_score(one[what]) for what in ("right", "forgotten"))]
            for name, one in figures["pytorch"]["scores"].items()
        ),
    ]


def _score(found: float | str) -> str:
    """Return a score, or the name of the error that was raised."""
    return found.partition(":")[0] if isinstance(found, str) else f"{found:.3f}"


def reading(figures: Every) -> str:
    """Say how many programs tell that it was forgotten."""
    raised, trained = _kinds(figures)
    said = "".join(f'The error of {name}: "{raised[name]["forgotten"]}"' for name in [*raised][:1])
    return (
        f"Without it, {len(raised)} of {len(raised) + len(trained)} programs raise an error, and "
        f"{len(trained)} train "
        f"with wrong axes and no error: {' and '.join(trained)}. An error comes only where a later "
        "shape happens not to fit, so do not wait for one. Scores are of quick recipes. "
        f"{said}"
    )


LESSON = Lesson(
    number=8,
    name="batch_first",
    title="Batch first is optional, and not the default",
    claim="Recurrent layers of PyTorch take the time as the first axis, unless they are told "
    "otherwise.",
    now="The default is the same today, for LSTM, GRU, attention and Transformer. A wrong "
    "axis may raise no error. The network then treats the examples of a batch as the steps of a "
    "sequence.",
    verdict=HOLDS,
    panels={
        "pytorch": Panel(shown=TORCH, measured=TORCH_MEASURED),
        "keras-tensorflow": Panel(shown=KERAS, measured=KERAS_MEASURED),
    },
    pairs=(
        Pair(
            "y = layers.LSTM(16)(x)  # (n, 16), the last step",
            "self.lstm = nn.LSTM(4, 16, batch_first=batch_first)  # the default is False\n"
            "x, _ = self.lstm(x)  # (n, t, 16)\n"
            "return self.dense(x[:, -1])  # (n, 1)",
            "PyTorch takes the time first unless told, and returns all steps",
        ),
    ),
    table=table,
    reading=reading,
    figure=lambda figures: (
        f"Without `batch_first=True`, {len(_kinds(figures)[1])} of "
        f"{len(figures['pytorch']['scores'])} programs train with wrong axes and no error"
    ),
    sources=("docs.pytorch.org: LSTM, Transformer", "pytorch/pytorch issue 137173"),
    seen=("backends/pytorch/echo.py", "backends/pytorch/cumsum.py"),
    effects={
        "time first": lambda figures: (
            f"Left out of all programs: {len(_kinds(figures)[0])} raise "
            f"an error, {len(_kinds(figures)[1])} do not"
        ),
    },
)
