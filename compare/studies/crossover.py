"""Where two sides are equally fast: plain numbers in, plain numbers out.

`changes` are logarithms of how many times as fast one side is as the other, an array (repetitions,
sizes). Between two sizes measured they are taken to change evenly with the logarithm of the size;
beyond those measured nothing is said.

A size is one of the 95 % interval if the t test, over the repetitions, does not tell the changes
there from zero (E. C. Fieller's way of giving bounds to a ratio, 1954). At the true crossover this
happens in 95 % of all sets of repetitions, be they only two, and whatever sizes have in common in
one repetition. A bootstrap of three or five repetitions covers much less.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from compare.tables.statistics import CONFIDENCE
from problems import Array

Stretch = tuple[float, float]


@dataclass(frozen=True)
class Crossing:
    """A size at which the mean change is zero.

    `low` is 0 where the interval reaches below the sizes measured, `high` is inf where it reaches
    beyond them; both are NaN for one repetition alone.
    """

    size: float
    low: float
    high: float
    rising: bool  # above that size, changes are positive


def crossings(sizes: Sequence[float], changes: Array) -> list[Crossing]:
    """Return where the mean of the changes goes through zero, from the smallest size up."""
    means = changes.mean(axis=0)
    apart = [i for i in range(len(sizes)) if means[i] != 0]
    stretches = _stretches(changes)
    found = []
    for i, j in pairwise(apart):
        if means[i] * means[j] < 0:
            place = i + means[i] / (means[i] - means[j]) if j == i + 1 else (i + j) / 2
            around = next((one for one in stretches if one[0] <= place <= one[1]), (place, place))
            low, high = _ends(sizes, around) if len(changes) > 1 else (math.nan, math.nan)
            found.append(Crossing(_size(sizes, place), low, high, bool(means[j] > 0)))
    return found


def undecided(sizes: Sequence[float], changes: Array) -> list[Stretch]:
    """Return the stretches of sizes at which the t test does not tell the sides apart.

    Ends are 0 and inf where a stretch reaches beyond the sizes measured; none are returned for one
    repetition alone, which tells nothing.
    """
    return [_ends(sizes, stretch) for stretch in _stretches(changes)]


def _stretches(changes: Array) -> list[Stretch]:
    """Return the same by place: 0 is the first size measured, 1.5 midway from second to third."""
    if len(changes) < 2:
        return []
    found: list[Stretch] = []
    for i in range(changes.shape[1] - 1):
        for low, high in _between(changes[:, i], changes[:, i + 1]):
            if found and found[-1][1] == i + low:
                found[-1] = (found[-1][0], i + high)
            else:
                found.append((i + low, i + high))
    return found


def _between(left: Array, right: Array) -> list[Stretch]:
    """Return on what parts of the way from one size to the next the test tells nothing.

    A share w of the way, mean and variance of the changes are polynomials in w, and so is the
    square of the mean less that of the error allowed for, which is positive where the test tells.
    """
    from scipy.special import stdtrit

    n, step = len(left), right - left
    allowed = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) ** 2 / n
    (var, shared), (_, var_step) = np.cov(left, step)
    mean, mean_step = left.mean(), step.mean()
    excess = np.array(
        [
            mean_step**2 - allowed * var_step,
            2 * (mean * mean_step - allowed * shared),
            mean**2 - allowed * var,
        ]
    )
    roots = [root.real for root in np.roots(excess) if root.imag == 0 and 0 < root.real < 1]
    return [
        (low, high)
        for low, high in pairwise([0.0, *sorted(roots), 1.0])
        if np.polyval(excess, (low + high) / 2) <= 0
    ]


def _size(sizes: Sequence[float], place: float) -> float:
    i = min(int(place), len(sizes) - 2)
    return float(sizes[i] * (sizes[i + 1] / sizes[i]) ** (place - i))


def _ends(sizes: Sequence[float], stretch: Stretch) -> Stretch:
    low, high = stretch
    return (
        0.0 if low == 0 else _size(sizes, low),
        math.inf if high == len(sizes) - 1 else _size(sizes, high),
    )
