"""A few test inputs of a training with what the network answered: enough to draw, not to score."""

import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from problems import Array, Data, Problem

FILE = "sample.npz"
EXAMPLES = 6  # the first of the part that a metric asks about: the same on every backend

Sample = dict[str, Array]  # "METRIC.input", "METRIC.target", "METRIC.output": (examples, ...)


def take(problem: Problem, answers: Mapping[str, Array], data: Data) -> Sample:
    """Return, by metric, the first test inputs, their targets and the network's answers."""
    sample: Sample = {}
    for metric in problem.metrics:
        part = data[metric.part]
        kept = {"input": part.x, "target": part.y, "output": answers[metric.name]}
        sample |= {f"{metric.name}.{name}": values[:EXAMPLES] for name, values in kept.items()}
    return sample


def leave(sample: Sample, cell: Path) -> None:
    """Write a sample into the folder of its training, whole or not at all.

    On a full disk there is none: a picture less is no reason to lose a training.
    """
    partial = cell / f"{FILE}.partial"
    with suppress(OSError):
        with partial.open("wb") as file:
            np.savez_compressed(file, **sample)  # type: ignore[arg-type]  # names are arrays' alone
        partial.replace(cell / FILE)


def read(folder: Path, key: str, problem: Problem) -> Sample:
    """Return the sample of a training in a results folder; empty if there is none to be drawn.

    Of the metric that is drawn, it must have what the problem's definition says: a file may be
    broken, or older than the definition.
    """
    try:
        with (folder / "cells" / key / FILE).open("rb") as file:
            found: Sample = dict(np.load(file, allow_pickle=False))
    except (OSError, ValueError, TypeError, EOFError, BadZipFile, zlib.error):
        return {}
    shapes = {"input": problem.input.shape, "target": problem.target.shape, "output": None}
    for name, shape in shapes.items():
        array = found.get(f"{problem.drawn.name}.{name}")
        if array is None or not len(array) or (shape is not None and array.shape[1:] != shape):
            return {}
    return found
