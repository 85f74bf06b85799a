"""A few test inputs of a training with what the network predicts for them, kept to be drawn.

They are too few to score. A file of them may come from anywhere: one that is not as the problem's
definition says costs a picture, and nothing else.
"""

from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np

from compare.records.files import write_whole
from problems import Array, Arrays, Data, Problem, count, mapped, named, of_output

FILE = "sample.npz"
EXAMPLES = 6  # the first of the part that a metric asks about: the same on every backend

# "METRIC.input", "METRIC.target", "METRIC.output": (examples, ...); of several inputs, each as
# "METRIC.input/NAME"; of several outputs, the one that the metric scores, and its target.
Predictions = dict[str, Array]


def predictions_of(problem: Problem, outputs: Mapping[str, Array], data: Data) -> Predictions:
    """Return, by metric, the first test inputs, their targets and the network's outputs."""
    kept: Predictions = {}
    for metric in problem.metrics:
        part = data[metric.part]
        arrays = named(part.x, "input")
        arrays |= {"target": of_output(part.y, metric.of), "output": outputs[metric.name]}
        kept |= {f"{metric.name}.{name}": array[:EXAMPLES] for name, array in arrays.items()}
    return kept


def write_predictions(predictions: Predictions, cell: Path) -> None:
    """Write predictions into the folder of their training, whole or not at all.

    On a full disk there are none: a picture less is no reason to lose a training.
    """
    packed = BytesIO()
    np.savez_compressed(packed, **predictions)  # type: ignore[arg-type]  # names are arrays' alone
    with suppress(OSError):
        write_whole(cell / FILE, packed.getvalue())


def read_predictions(folder: Path, key: str, problem: Problem) -> Predictions:
    """Return the predictions of a training in a results folder; empty if none can be drawn.

    `key` comes from a record, which may say anything: it leads nowhere but into the folder.
    """
    file = folder / "cells" / key / FILE
    if "/" in key or key in ("", ".", ".."):
        return {}
    try:
        if not file.is_file():  # a pipe would be waited for
            return {}
        with file.open("rb") as opened:
            found: Predictions = dict(np.load(opened, allow_pickle=False))
        _check(found, problem)
    except Exception:  # of a broken archive, all kinds: even a MemoryError, or an encrypted one
        return {}
    return found


def _check(found: Predictions, problem: Problem) -> None:
    """Raise an error unless the metric that is drawn has all arrays as the definition says."""
    metric = problem.drawn
    targets, outputs = (found[f"{metric.name}.{name}"] for name in ("target", "output"))
    inputs = {name: found[f"{metric.name}.{name}"] for name in named(problem.input, "input")}
    for name, spec in named(problem.input, "input").items():
        spec.check(inputs[name], name)
    of_output(problem.target, metric.of).check(targets, "targets")
    n = len(targets)

    def blank(x: Arrays) -> Arrays:
        shaped: Arrays = mapped(
            lambda spec: np.zeros((count(x), *spec.shape), np.float32), problem.output
        )
        return shaped

    asked = mapped(lambda spec: spec.blank(n), problem.input)
    like = of_output(metric.ask(blank, asked), metric.of)
    if {len(array) for array in inputs.values()} != {n} or n == 0 or outputs.shape != like.shape:
        raise ValueError(f"expected outputs {like.shape}, came {outputs.shape}")
    if outputs.dtype.kind not in "biuf" or not np.isfinite(outputs).all():
        raise ValueError(f"expected finite numbers, came {outputs.dtype}")
