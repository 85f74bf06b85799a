"""How a trained network is scored: the value `Metric`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from problems._data import Array, Arrays, Spec
from problems._metrics import check_fit
from problems._names import check_takes, check_texts
from problems._numbers import is_number, simplify, told

# Inputs (n, ...) -> outputs (n, ...): each one array, or several by name.
Predict = Callable[[Any], Any]

BETTER = ("higher", "lower")


def ask_once(predict: Predict, x: Arrays) -> Any:
    """Question a network in the usual way: what does it answer to `x`?"""
    return predict(x)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One score of a trained network, computed in NumPy from its answers.

    `baseline` is what the constant answer `trivial` (shape of one output) scores on average; the
    problem's docstring says why that one. `best` is a limit: no score is better, but for chance in
    the draw. `reference` is what the problem's `reference` scores; None says that it scores `best`,
    for it is exact. Backends whose scores differ by less than `margin` count as equal in practice.

    Of several outputs, `of` names the one that is scored. Where sequences have lengths, answers and
    targets come without the steps after their ends, as (steps, ...).

    Raises:
        ValueError: a value is none that it may be.
    """

    name: str
    measure: Callable[[Array, Array], float]  # (answers, targets) -> score
    better: str  # "higher" or "lower"
    target: float | None
    baseline: float
    trivial: Array
    best: float
    reference: float | None = None
    margin: float
    unit: str
    part: str = "test"  # the part of the data that is asked about
    ask: Callable[[Predict, Any], Any] = ask_once
    of: str | None = None  # the output that is scored, by name; None where there is one

    def __post_init__(self) -> None:
        simplify(self)
        check_texts("metric", {"name": self.name})
        what = f"metric {self.name!r}"
        check_texts(what, {"unit": self.unit, "part": self.part, "better": self.better})
        check_takes(f"{what}: measure", self.measure, "answers, targets")
        check_takes(f"{what}: ask", self.ask, "predict, x")
        if self.better not in BETTER:
            expected = " or ".join(BETTER)
            raise ValueError(f"{what}: better: expected {expected}, came {self.better!r}")
        optional = {"target": self.target, "reference": self.reference}
        stated = {"baseline": self.baseline, "best": self.best, "margin": self.margin}
        given = {what: value for what, value in optional.items() if value is not None}
        for stat, value in (stated | given).items():
            if not is_number(value):
                raise ValueError(f"{what}: {stat}: expected a number, came {told(value)}")
        if self.margin < 0:
            raise ValueError(f"{what}: margin: expected 0 or more, came {self.margin}")
        sign = 1 if self.better == "higher" else -1
        if self.reference is not None and sign * self.reference > sign * self.best:
            raise ValueError(
                f"{what}: reference: expected a score no better than the best, "
                f"{self.best}, came {self.reference}"
            )

    def check_specs(self, output: Spec, target: Spec) -> None:
        """Raise ValueError unless the specs of what is scored are what the metric is for.

        What is asked in another way than usual may be of another shape than the output.
        """
        shape = self.trivial.shape if isinstance(self.trivial, np.ndarray) else None
        if shape != output.shape:
            came = f"a {type(self.trivial).__name__}" if shape is None else shape
            raise ValueError(f"trivial: expected an array of shape {output.shape}, came {came}")
        if self.ask is ask_once:
            check_fit(self.measure, output, target)

    def reached(self, score: float) -> bool | None:
        """Say whether `score` is at the target or better; None where there is no target."""
        if self.target is None:
            return None
        return score >= self.target if self.better == "higher" else score <= self.target
