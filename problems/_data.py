"""Data: named axes, what an array must look like, and the random streams it is drawn from.

Where a network has several inputs or outputs, arrays and their specs go by name, in mappings.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from problems._numbers import simplify, told

Array = NDArray[Any]
Arrays = Array | Mapping[str, Array]  # one, or several by name
Value = TypeVar("Value")
DTYPES = tuple(dict.fromkeys(np.dtype(code).name for code in "?bhilqBHILQefd"))


def named(values: Value | Mapping[str, Value], what: str = "") -> dict[str, Value]:
    """Return values by name: those of a mapping as "what/name", one alone as "what"."""
    if isinstance(values, Mapping):
        return {f"{what}/{name}" if what else name: value for name, value in values.items()}
    return {what: values}


def mapped(function: Callable[..., Any], values: Any, *others: Any) -> Any:
    """Return what a function makes of a value, or of each in a mapping, by name.

    `others` are further arguments, of the same form as `values`.
    """
    if not isinstance(values, Mapping):
        return function(values, *others)
    return {
        name: function(value, *(other[name] for other in others)) for name, value in values.items()
    }


def count(arrays: Arrays) -> int:
    """Return how many examples there are in an array (n, ...), or in the first of several."""
    return len(next(iter(arrays.values())) if isinstance(arrays, Mapping) else arrays)


def sizes_in(axes: str) -> list[tuple[str, int]]:
    """Return each axis with a size in an axes text, in their order: one may be there twice."""
    return [(name, int(size)) for name, size in re.findall(r"(\w+)=(\d+)", axes)]


def sized(axes: str) -> dict[str, int]:
    """Return the sizes in an axes text: "time=5 symbol=10" -> {"time": 5, "symbol": 10}."""
    return dict(sizes_in(axes))


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
    """One array of a problem, without its batch axis, e.g. axes "time=5 symbol=10".

    An input may be a length: with `length_of="time"`, its whole number, from 1 to the size of the
    axis, says how many steps of the axis `time` each example has. What comes after them is 0.

    Raises:
        ValueError: a text is none, NumPy has no such type, or there are no values in the range.
    """

    axes: str
    dtype: str
    low: float  # the smallest value allowed, in `unit`
    high: float  # the largest
    meaning: str
    unit: str
    length_of: str | None = None  # the axis whose steps it counts

    def __post_init__(self) -> None:
        simplify(self)
        for what in ("axes", "meaning", "unit"):
            if not isinstance(value := getattr(self, what), str):
                raise ValueError(f"spec: {what}: expected text, came {told(value)}")
        if self.dtype not in DTYPES:
            expected = "a type of NumPy by its name, such as float32 or int64"
            raise ValueError(f"spec: dtype: expected {expected}, came {told(self.dtype)}")
        ends = (self.low, self.high)
        numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in ends)
        if not (numbers and self.low <= self.high):
            raise ValueError(
                f"spec: expected numbers low and high, low no more than high, "
                f"came {told(self.low)} and {told(self.high)}"
            )

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

    def blank(self, n: int) -> Array:
        """Return `n` examples (n, ...) of zeros; a length is as long as it may be."""
        fill = 0 if self.length_of is None else int(self.high)
        return np.full((n, *self.shape), fill, dtype=self.dtype)


Specs = Spec | Mapping[str, Spec]  # of one array, or of several by name


def check(specs: Specs, arrays: Arrays, what: str) -> None:
    """Raise ValueError, naming `what`, unless arrays (n, ...) have the specs' names and are so."""
    if isinstance(specs, Mapping) and (
        not isinstance(arrays, Mapping) or arrays.keys() != specs.keys()
    ):
        came = ", ".join(arrays) if isinstance(arrays, Mapping) else f"a {type(arrays).__name__}"
        raise ValueError(f"{what}: expected arrays by name, {', '.join(specs)}, came {came}")
    mapped_arrays = named(arrays, what) if isinstance(specs, Mapping) else {what: arrays}
    for name, spec in named(specs, what).items():
        spec.check(mapped_arrays[name], name)  # type: ignore[arg-type]  # which is what it checks


@dataclass(frozen=True)
class Part:
    """Examples: inputs x (n, ...), targets y (n, ...), and how much each target counts.

    x and y are arrays, or several by name, as the problem's `input` and `target`. `weight` says how
    much each counts in the loss: one number per example (n,), or per step (n, time); of several
    targets, by name. See `Loss`.
    """

    x: Any  # Arrays: for one array is the rule, it has not to be told from several
    y: Any
    weight: Any = None

    @property
    def arrays(self) -> tuple[Arrays, ...]:
        """Inputs and targets, and weights where there are any: what training gathers batches of."""
        return (self.x, self.y) if self.weight is None else (self.x, self.y, self.weight)

    def changed(self, change: Callable[[Array], Array]) -> "Part":
        """Return these examples with every array changed."""
        return Part(*(mapped(change, arrays) for arrays in self.arrays))

    def repeated(self, n: int) -> "Part":
        """Return `n` examples: these, again and again; all of these if there are as many."""
        if n <= count(self.x):
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
