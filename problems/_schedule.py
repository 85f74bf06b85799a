"""The learning rate of each step: the value `Schedule`, and the rates that it stands for."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

import numpy as np

from problems._data import Array
from problems._names import check_known
from problems._numbers import is_number, simplify, told

# Schedule: its options beside `warm_up`, with their defaults; None for one that must be given.
SCHEDULES: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "constant": {},
        "exponential": {"factor": None, "every": 0},
        "cosine": {"final": 0.0},
        "piecewise": {"at": None, "factors": None},
    }
)


@dataclass(frozen=True)
class Schedule:
    """How the learning rate changes from step to step; steps k = 0, 1, ... of n in all.

    A recipe's learning rate is multiplied, in step k, by

    - constant: 1
    - exponential: factor^(k // every), with `every` in steps; without it, once after each epoch
    - cosine: final + (1 - final) (1 + cos(pi k / n)) / 2; it begins at 1, and the step after the
      last would have `final`
    - piecewise: 1 before step at[0], factors[0] from there to before step at[1], and so on

    With `warm_up`, the first so many steps have (k + 1) / warm_up instead, and the schedule begins
    after them: its k and n count from there.

    Raises:
        ValueError: there is no such schedule, it has no such option, or a value is none it can be.
    """

    name: str = "constant"
    factor: float | None = None
    every: int | None = None  # steps
    final: float | None = None  # a factor
    at: tuple[int, ...] | None = None  # steps
    factors: tuple[float, ...] | None = None
    warm_up: int = 0  # steps

    def __post_init__(self) -> None:
        simplify(self)
        check_known("schedule", self.name, SCHEDULES)
        self._check("warm_up", self.warm_up)
        known, given = SCHEDULES[self.name], self.given
        for option, value in given.items():
            if option not in (*known, "warm_up"):
                options = ", ".join((*known, "warm_up"))
                raise ValueError(f"{self.name} has no option {option!r}; it has {options}")
            self._check(option, value)
        for option, default in known.items():
            if default is None and option not in given:
                raise ValueError(f"{self.name}: expected {option}, came none")
        if self.name == "piecewise":
            self._check_pieces(self.at or (), self.factors or ())

    def _check(self, option: str, value: object) -> None:
        if option in ("every", "warm_up"):
            least = 1 if option == "every" else 0
            right, expected = type(value) is int and value >= least, f"whole steps, {least} or more"
        elif option in ("at", "factors"):
            right, expected = isinstance(value, tuple) and value != (), "a tuple that is not empty"
        else:
            right, expected = is_number(value) and value >= 0, "a factor, 0 or more"  # type: ignore[operator]
        if not right:
            raise ValueError(f"{self.name}: {option}: expected {expected}, came {told(value)}")

    def _check_pieces(self, at: tuple[int, ...], factors: tuple[float, ...]) -> None:
        """Raise ValueError unless there is a factor for each step, and the steps ascend."""
        if any(type(one) is not int or one < 1 for one in at) or list(at) != sorted(set(at)):
            raise ValueError(f"piecewise: at: expected ascending steps from 1, came {at}")
        if len(at) != len(factors):
            raise ValueError(f"piecewise: expected {len(at)} factors, came {len(factors)}")
        for one in factors:
            self._check("factor", one)

    @property
    def given(self) -> dict[str, object]:
        """The options that are given, by name."""
        options = {field.name: getattr(self, field.name) for field in fields(self)[1:]}
        options["warm_up"] = options["warm_up"] or None
        return {name: one for name, one in options.items() if one is not None}

    @property
    def by_epoch(self) -> bool:
        """Whether the rate can change from epoch to epoch alone, whatever their length."""
        return self.name in ("constant", "exponential") and not (self.every or self.warm_up)

    def rates(self, learning_rate: float, *, epochs: int, steps_per_epoch: int) -> Array:
        """Return the learning rate of each step, float64 (epochs * steps_per_epoch,).

        Raises:
            ValueError: a rate is larger than a number can be.
        """
        total = epochs * steps_per_epoch
        warm = min(self.warm_up, total)
        k, n = np.arange(total - warm), total - warm
        if self.name == "exponential":
            powers = k // (self.every or steps_per_epoch)
            factor, most = self.factor or 0.0, int(powers.max(initial=0))
            factors = np.array([_power(factor, power) for power in range(most + 1)])[powers]
        elif self.name == "cosine":
            final = self.final or 0.0
            factors = final + (1 - final) * (1 + np.cos(np.pi * k / max(n, 1))) / 2
        elif self.name == "piecewise":
            levels = np.array([1.0, *(self.factors or ())])
            factors = levels[np.searchsorted(self.at or (), k, side="right")]
        else:
            factors = np.ones(n)
        with np.errstate(over="ignore"):
            found = learning_rate * np.concatenate(
                [np.arange(1, warm + 1) / max(self.warm_up, 1), factors]
            )
        if not np.isfinite(found).all():
            first = np.isfinite(found).argmin()
            raise ValueError(
                f"{self.name}: expected finite rates, came {found[first]} in step {first}"
            )
        return found

    def __str__(self) -> str:
        """Return it in words, as they follow a learning rate; empty where that is constant."""
        words = {
            "constant": "",
            "exponential": f"times {self.factor} after every "
            + (f"{self.every} steps" if self.every else "epoch"),
            "cosine": f"along a cosine to {self.final or 0.0} of it",
            "piecewise": ", ".join(
                f"times {factor} from step {at}"
                for at, factor in zip(self.at or (), self.factors or (), strict=True)
            ),
        }
        warm = f"after a warm-up of {self.warm_up} steps" if self.warm_up else ""
        return ", ".join(filter(None, (words[self.name], warm)))


def _power(factor: float, power: int) -> float:
    try:
        return float(factor) ** power
    except OverflowError:
        return float("inf")
