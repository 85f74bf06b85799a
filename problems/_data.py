"""Data: named axes, what an array must look like, and the random streams it is drawn from."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sized(axes: str) -> dict[str, int]:
    """Return the sizes in an axes text: "time=5 symbol=10" -> {"time": 5, "symbol": 10}."""
    return {name: int(size) for name, size in re.findall(r"(\w+)=(\d+)", axes)}


def shape(axes: str, **sizes: int) -> tuple[int, ...]:
    """Return the shape that an axes text stands for.

    An axis is `name=size`, a bare name looked up in `sizes`, or names folded into one axis:
    "batch*time height=49 unit" with batch=2, time=5, unit=3 is (10, 49, 3).

    Raises:
        ValueError: an axis has no size.
    """
    known = sizes | sized(axes)
    folded = [re.sub(r"=\d+", "", axis).split("*") for axis in axes.split()]
    for name in (name for names in folded for name in names):
        if name not in known:
            raise ValueError(f"axis {name!r} of {axes!r} has no size; known are {known}")
    return tuple(prod(known[name] for name in names) for names in folded)


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One array of a problem, without its batch axis, e.g. axes "time=5 symbol=10"."""

    axes: str
    dtype: str
    low: float  # the smallest value allowed, in `unit`
    high: float  # the largest
    meaning: str
    unit: str

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return shape(self.axes)

    def check(self, array: Array, what: str) -> None:
        """Raise ValueError, naming `what`, unless `array` (n, ...) is a batch of this spec."""
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{what}: expected one array, came a {type(array).__name__}")
        if array.shape[1:] != self.shape or str(array.dtype) != self.dtype:
            raise ValueError(
                f"{what}: expected (n, {self.axes}) {self.dtype}, came {array.shape} {array.dtype}"
            )
        if not (np.all(array >= self.low) and np.all(array <= self.high)):
            raise ValueError(
                f"{what}: expected values in [{self.low}, {self.high}] {self.unit}, "
                f"came [{array.min()}, {array.max()}]"
            )

    def random(self, n: int, seed: int) -> Array:
        """Return `n` random examples (n, ...): right in shape, dtype and range, without meaning."""
        values = np.random.default_rng(seed).uniform(self.low, self.high, (n, *self.shape))
        return np.asarray(values.round() if "int" in self.dtype else values, dtype=self.dtype)


@dataclass(frozen=True)
class Part:
    """Examples: inputs x (n, ...) and targets y (n, ...).

    `weight` says how much each counts in the loss: one number per example (n,), or per step
    (n, time); of several targets, by name. See `Loss`.
    """

    x: Array
    y: Array
    weight: Array | Mapping[str, Array] | None = None

    @property
    def arrays(self) -> tuple[Any, ...]:
        """Inputs and targets, and weights where there are any: what training gathers batches of."""
        return (self.x, self.y) if self.weight is None else (self.x, self.y, self.weight)

    def changed(self, change: Callable[[Array], Array]) -> "Part":
        """Return these examples with every array changed."""

        def of(arrays: Any) -> Any:
            if isinstance(arrays, Mapping):
                return {name: of(array) for name, array in arrays.items()}
            return change(arrays)

        return Part(*map(of, self.arrays))

    def repeated(self, n: int) -> "Part":
        """Return `n` examples: these, again and again; all of these if there are as many."""
        if n <= len(self.x):
            return self
        return self.changed(lambda array: np.resize(array, (n, *array.shape[1:])))


Data = Mapping[str, Part]  # "train", "validation", "test", and further test parts


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the random stream of one purpose: the same seed and purpose, the same numbers."""
    return np.random.default_rng([seed, *purpose.encode()])


def independent(
    examples: Callable[[np.random.Generator, int], Part],
) -> Callable[[int, Mapping[str, int]], Data]:
    """Return a `draw` for problems whose parts are independent draws of `examples(rng, n)`."""

    def draw(seed: int, sizes: Mapping[str, int]) -> Data:
        return {part: examples(stream(seed, part), n) for part, n in sizes.items()}

    return draw
