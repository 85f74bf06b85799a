"""Statistics of paired changes: plain numbers in, plain numbers out.

What needs scipy imports it inside: no command that prints no statistics waits for it, and
`scipy.stats`, which is slow and imports whatever array library is there, is not used at all.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

LEVEL = 0.05  # of a test: the chance of a claim where there is nothing to claim
CONFIDENCE = 0.95  # of an interval
POWER = 0.80  # the chance to see a difference that is there
EXACT = 40  # changes up to which all signs are tried: 2 x 2^20 sums, a fraction of a second
TIES = 1e-12  # sums that differ by this part of the largest are the same but for rounding


def interval(changes: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the t interval of the mean of paired changes; NaN for fewer than two."""
    if len(changes) < 2:
        return math.nan, math.nan
    from scipy.special import stdtrit

    error = float(np.std(changes, ddof=1)) / math.sqrt(len(changes))
    half = float(stdtrit(len(changes) - 1, (1 + confidence) / 2)) * error
    mean = float(np.mean(changes))
    return mean - half, mean + half


def sign_flip_p(changes: Sequence[float]) -> float:
    """Return the two-sided p of the permutation test that flips the signs of paired changes.

    It is the share of all 2^n choices of signs whose sum is as far from zero as the seen one, or
    farther. Up to EXACT changes every choice counts: each sum is one of the first half's and one of
    the second half's, and for each of the former, sorting tells how many of the latter suffice.
    Beyond that it is the normal limit of the same distribution, whose mean is 0 and whose variance
    is the sum of the squared changes.
    """
    found = np.asarray(changes, dtype=float)
    found = found[found != 0]  # with either sign the same: in the share of what is left as well
    largest = float(np.abs(found).sum())
    seen = abs(float(found.sum()))
    if seen <= TIES * largest:
        return 1.0
    if len(found) > EXACT:
        return math.erfc(seen / math.sqrt(2 * float(np.square(found).sum())))
    if (found > 0).all() or (found < 0).all():
        return 2 / 2.0 ** len(found)  # no other sum is as far: times seldom need more than this
    first, second = _signed_sums(found[::2]), _signed_sums(found[1::2])
    needed = seen - TIES * largest - first[::-1]  # rising, so that neighbours are looked up near
    reached = first.size * second.size - int(np.searchsorted(second, needed).sum())
    return 2 * reached / 2.0 ** len(found)  # the sums lie evenly about zero


def _signed_sums(values: np.ndarray) -> np.ndarray:
    """Return the sums of some values under all choices of their signs, sorted."""
    sums = np.zeros(1)
    for value in np.sort(np.abs(values)):
        sums = np.sort(np.concatenate([sums - value, sums + value]), kind="stable")  # merges two
    return sums


def holm(ps: Sequence[float]) -> list[float]:
    """Return the p of each test of a family, raised so that one false claim in it is rare.

    S. Holm, A simple sequentially rejective multiple test procedure, 1979.
    """
    adjusted, highest = [1.0] * len(ps), 0.0
    for rank, i in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[i]))
        adjusted[i] = highest
    return adjusted


def within(changes: Sequence[float], margin: float) -> bool:
    """Say whether the mean change is shown to be smaller than a margin, either way.

    Two one-sided t tests at LEVEL both pass exactly if the 1 - 2 LEVEL interval lies inside.
    """
    low, high = interval(changes, 1 - 2 * LEVEL)
    return -margin < low and high < margin


def smallest(changes: Sequence[float]) -> float:
    """Return the mean change that a paired t test of so many would have shown, with POWER."""
    return float(np.std(changes, ddof=1)) / math.sqrt(len(changes)) * _shown(len(changes))


@lru_cache
def _shown(n: int) -> float:
    """Return the mean, in standard errors, that a two-sided t test at LEVEL shows with POWER."""
    from scipy.special import nctdtr, stdtrit

    critical = float(stdtrit(n - 1, 1 - LEVEL / 2))
    low, high = 0.0, 100.0
    while low < (middle := (low + high) / 2) < high:  # halve until no number lies between
        missed = nctdtr(n - 1, middle, critical) - nctdtr(n - 1, middle, -critical)
        low, high = (middle, high) if 1 - missed < POWER else (low, middle)
    return high
