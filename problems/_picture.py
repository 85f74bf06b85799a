"""How an example of a problem and its answers are drawn: plain values, no plotting library."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from problems._data import Array, named


@dataclass(frozen=True)
class Words:
    """What is best written: digits, a sum, a direction."""

    text: str


@dataclass(frozen=True)
class Curve:
    """Points x, y (points,), joined in their order; one that is empty was not to be had."""

    x: Array
    y: Array


@dataclass(frozen=True)
class Frames:
    """Images (frames, height, width), each with its title; 0 is background."""

    images: Array
    titles: tuple[str, ...]


Drawing = Words | Curve | Frames


def _values(_: Any, values: Any) -> Drawing:
    flat = np.concatenate([np.ravel(one).astype(np.float64) for one in named(values).values()])
    return Curve(np.arange(len(flat)), flat)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What of one example is shown: the input, and in the same way its target and an answer.

    An input is (...), as in `Problem.input`, by name if there are several; a target as in
    `Problem.target`; an output is what the metric's `ask` returns for one example. Of several
    outputs, they are those that the metric scores. Sequences come with their padding. Curves share
    one pair of axes, and so one unit for each.
    """

    question: Callable[[Any], Drawing] = lambda x: _values(x, x)
    given: Callable[[Any], Drawing] | None = None  # what of it stands beside answers; None is all
    truth: Callable[[Any, Array], Drawing] = _values  # (input, target)
    answer: Callable[[Any, Array], Drawing] = _values  # (input, output)
    metric: str | None = None  # whose answers are drawn; None is the first
    x_label: str = "number"
    y_label: str = "value"
    level: float | None = None  # a line across, at this y
    equal: bool = False  # x and y on the same scale
    note: str = ""  # what a reader of the predictions must know, in a sentence or two


PLAIN = Picture()  # all numbers in a row: of a problem that says nothing better
