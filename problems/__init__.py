"""What is learned: one file per problem, NumPy only.

Every file here without a leading underscore is a problem and holds one constant, `PROBLEM`. All
that such a file needs is imported from here: `from problems import Problem, Spec, Recipe, Metric`.
Problems of a user's own project (_project.py) count as these do.
"""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

from problems import _project

if TYPE_CHECKING:
    from problems._data import (
        Array,
        Arrays,
        Data,
        Part,
        Spec,
        Specs,
        count,
        independent,
        mapped,
        named,
        shape,
        sized,
        stream,
    )
    from problems._lengths import cleared, first_axis, lengths
    from problems._loss import LOSSES, Loss, loss_text
    from problems._metric import Metric, Predict
    from problems._metrics import (
        accuracy,
        binary_accuracy,
        binary_f1,
        binary_precision,
        binary_recall,
        binary_sequence_accuracy,
        f1_of,
        macro_f1,
        macro_precision,
        macro_recall,
        mean_absolute_error,
        mean_squared_error,
        precision_of,
        recall_of,
        roc_auc,
        root_mean_squared_error,
        sequence_accuracy,
        top_accuracy,
    )
    from problems._names import OWN, of_output
    from problems._optimizer import OPTIMIZERS, Optimizer
    from problems._picture import Curve, Drawing, Frames, Picture, Words
    from problems._problem import Problem
    from problems._recipe import Proof, Recipe
    from problems._schedule import SCHEDULES, Schedule

__all__ = [
    "LOSSES",
    "OPTIMIZERS",
    "OWN",
    "SCHEDULES",
    "Array",
    "Arrays",
    "Curve",
    "Data",
    "Drawing",
    "Frames",
    "Loss",
    "Metric",
    "Optimizer",
    "Part",
    "Picture",
    "Predict",
    "Problem",
    "Proof",
    "Recipe",
    "Schedule",
    "Spec",
    "Specs",
    "Words",
    "accuracy",
    "binary_accuracy",
    "binary_f1",
    "binary_precision",
    "binary_recall",
    "binary_sequence_accuracy",
    "cleared",
    "count",
    "f1_of",
    "file_of",
    "first_axis",
    "independent",
    "lengths",
    "load",
    "loss_text",
    "macro_f1",
    "macro_precision",
    "macro_recall",
    "mapped",
    "mean_absolute_error",
    "mean_squared_error",
    "named",
    "names",
    "of_output",
    "own_names",
    "precision_of",
    "recall_of",
    "roc_auc",
    "root_mean_squared_error",
    "sequence_accuracy",
    "shape",
    "sized",
    "stream",
    "top_accuracy",
]

FOLDER = Path(__file__).parent
__path__ = _project.places("problems", __path__)


def __getattr__(name: str) -> Any:
    """Import what an author needs when it is asked for: names of problems need no NumPy."""
    if name in __all__:
        for module in (
            *("_data", "_lengths", "_loss", "_metric", "_metrics", "_names", "_optimizer"),
            *("_picture", "_problem", "_recipe", "_schedule"),
        ):
            found = vars(import_module(f"problems.{module}"))
            if name in found:
                return found[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def names() -> tuple[str, ...]:
    """Return the names of all problems, sorted: the file names of the folders that have them."""
    return tuple(sorted({file.stem for one in __path__ for file in Path(one).glob("[!_]*.py")}))


def own_names() -> list[str]:
    """Return the names of the problems of the user's own project; none if there is no project."""
    return [name for name in names() if not file_of(name).is_relative_to(FOLDER)]


def file_of(name: str) -> Path:
    """Return the file of a problem; where it would be here, if there is none."""
    places = [Path(one, f"{name}.py") for one in __path__]
    return next((one for one in places if one.exists()), places[0])


def _line(name: str, error: BaseException) -> str:
    """Return the line of a problem's file that an error comes from; empty if it has none."""
    if isinstance(error, SyntaxError) and Path(error.filename or "").stem == name:
        return f", line {error.lineno},"
    frames = walk_tb(error.__traceback__)
    lines = [n for frame, n in frames if Path(frame.f_code.co_filename).stem == name]
    return f", line {lines[-1]}," if lines else ""


def load(name: str, *, quick: bool = False) -> "Problem":
    """Return the problem called `name`; with `quick`, the one whose recipe is its quick recipe.

    Raises:
        ValueError: there is no such problem, or its file does not define it.
    """
    from problems._problem import Problem

    if name not in names():
        raise ValueError(f"no problem {name!r}; problems are {', '.join(names())}")
    try:
        problem = getattr(import_module(f"problems.{name}"), "PROBLEM", None)
    except (Exception, SystemExit) as error:  # a file that exits would end the command unheard
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise ValueError(
            f"problems/{name}.py{_line(name, error)} cannot be read: {what}"
        ) from error
    if not isinstance(problem, Problem) or problem.name != name:
        came = f"one named {problem.name!r}" if isinstance(problem, Problem) else f"{problem!r:.60}"
        raise ValueError(
            f"problems/{name}.py must define PROBLEM, a Problem named {name!r}, came {came}"
        )
    return replace(problem, recipe=problem.quick) if quick else problem
