"""A pair of layers that differ for the same input, and how runs of a layer are told."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from compare.proof.causes.formulas import same
from problems import Array

Runs = Iterable[tuple[Mapping[str, str], Array]]  # what a layer leaves, and what it is set to


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is known of a pair of layers; arrays are float64, batch first, channels last."""

    x: Array  # the input of both
    one: Array  # what the reference leaves
    other: Array  # what the other side leaves
    weights: Mapping[str, Array] = field(default_factory=dict)  # by Keras's names


def least(case: Case, runs: Runs) -> Iterator[str]:
    """Yield in what the runs of both sides differ: the two that differ least."""
    ours, theirs = [], []
    for told, y in runs:
        ours += [told] if same(y, case.one) else []
        theirs += [told] if same(y, case.other) else []
    differing = [
        [
            f"{what} {here[what]} here and {there[what]} there"
            for what in here
            if here[what] != there[what]
        ]
        for here, there in product(ours, theirs)
    ]
    if fewest := min(filter(None, differing), key=len, default=None):
        yield "; ".join(fewest)


def listed(values: Iterable[object]) -> str:
    """Return values with commas between them."""
    return ", ".join(map(str, values))
